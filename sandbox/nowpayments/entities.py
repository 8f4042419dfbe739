"""What the local NowPayments keeps. Amounts are decimal texts; times are milliseconds since 1970."""

import secrets
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from sandbox.deliveries import Message
from sandbox.nowpayments.coins import Coin
from sandbox.records import Record

PaymentStatus = Literal[
    "waiting",
    "confirming",
    "confirmed",
    "sending",
    "finished",
    "partially_paid",
    "failed",
    "refunded",
    "expired",
    "cancelled",
]

# Without what is easily mistaken for something else, as in the addresses of most networks.
_SYMBOLS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ADDRESSES = {"btc": ("3", 33), "trx": ("T", 33), "xrp": ("r", 33), "ltc": ("L", 33), "xlm": ("G", 55)}


class Asked(TypedDict):
    """What the shop asks to be paid, and for what; what it left out is None."""

    price_amount: str
    price_currency: str
    order_id: str | None
    order_description: str | None
    ipn_callback_url: str | None
    is_fixed_rate: bool
    is_fee_paid_by_user: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Priced(Record):
    price_amount: str
    price_currency: str
    order_id: str | None
    order_description: str | None
    ipn_callback_url: str | None
    is_fixed_rate: bool
    is_fee_paid_by_user: bool
    created_at: int

    @property
    def asked(self) -> Asked:
        """What the shop asks to be paid."""
        return Asked(
            price_amount=self.price_amount,
            price_currency=self.price_currency,
            order_id=self.order_id,
            order_description=self.order_description,
            ipn_callback_url=self.ipn_callback_url,
            is_fixed_rate=self.is_fixed_rate,
            is_fee_paid_by_user=self.is_fee_paid_by_user,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(_Priced):
    """A page to pay on; without a `pay_currency` the buyer chooses the coin there."""

    pay_currency: str | None
    success_url: str | None
    cancel_url: str | None
    partially_paid_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(_Priced):
    """An address, what is asked for there, and what arrived.

    A child of another payment has its `parent_id`. When the clock reaches `due_at` it moves on, and coins
    that arrived for it end as `ends_as`.
    """

    purchase_id: str
    invoice_id: str | None
    parent_id: str | None
    status: PaymentStatus
    pay_currency: str
    pay_amount: str
    pay_address: str
    payin_extra_id: str | None
    actually_paid: str
    worth: str
    outcome: str | None
    outcome_currency: str
    extra_ids: list[str] = field(default_factory=list)
    ends_as: PaymentStatus | None = None
    due_at: int | None
    estimate_until: int
    valid_until: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification(Message):
    """An IPN: what is told of a payment at one moment, where, and with which signature."""

    url: str
    signature: str


KINDS = (Invoice, Payment, Notification)


def new_id() -> str:
    """Return an id as NowPayments makes them: a number of ten digits."""
    return str(10**9 + secrets.randbelow(9 * 10**9))


def new_address(coin: Coin) -> str:
    """Return an address that looks like one of the coin's network."""
    opening, length = _ADDRESSES.get(coin.network, ("0x", 0))
    if not length:
        return opening + secrets.token_hex(20)
    return opening + "".join(secrets.choice(_SYMBOLS) for _ in range(length))
