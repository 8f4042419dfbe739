"""What NowPayments says of payments, coins and amounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Context, Decimal
from typing import Any

from billing.providers.entities import Entity, currency, expanded, first, moment, text
from billing.providers.facts import CoinState
from billing.providers.nowpayments.entities import amount, coin, id_of, places

_ALL_DIGITS = Context(prec=100)
_STATES = {
    "waiting": CoinState.WAITING,
    "finished": CoinState.FINISHED,
    "partially_paid": CoinState.PARTLY_PAID,
    "failed": CoinState.FAILED,
    "refunded": CoinState.REFUNDED,
    "expired": CoinState.EXPIRED,
    "cancelled": CoinState.CANCELLED,
    "canceled": CoinState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Coins that are asked for, or came. `asked` and `arrived` count `coin`; `price` is in `currency`.

    `word` is NowPayments' own for the `state`. One with a `parent_id` was not asked for: coins came to the
    address of that payment once more, or in another coin, and all else is copied from it. `repeated_ids` are
    those of such children. What arrived was `worth` so much in `currency`; None when it was not said, which
    a 0 does not say. `asked` is good until `estimate_until`, and the address until `valid_until`.
    """

    id: str
    parent_id: str | None
    invoice_id: str | None
    purchase_id: str | None
    reference: str | None
    state: CoinState
    word: str
    price: Decimal | None
    currency: str | None
    coin: str | None
    asked: Decimal | None
    arrived: Decimal
    worth: Decimal | None
    address: str | None
    memo: str | None
    network: str | None
    places: int | None
    repeated_ids: tuple[str, ...]
    estimate_until: datetime | None
    valid_until: datetime | None
    created_at: datetime | None
    updated_at: datetime | None

    def to_send(self, *, places: int | None = None) -> Decimal | None:
        """Return what the buyer has to send: ``asked``, rounded up to what can be sent, never down.

        ``places`` are those of the `Coin`; those of the payment are its network's, which can be finer.
        """
        known = [each for each in (places, self.places) if each is not None]
        return self.asked if self.asked is None or not known else rounded_up(self.asked, min(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """A coin on one network. Without the memo that a payment names, coins that need one are lost."""

    code: str
    name: str
    ticker: str
    network: str
    places: int | None
    needs_memo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The least that is taken in a coin now. What it is worth is only known about."""

    coin: str
    amount: Decimal
    currency: str
    worth: Decimal | None

    @property
    def worth_cents(self) -> int | None:
        """The worth in hundredths, rounded up: less is refused."""
        return None if self.worth is None else int(rounded_up(self.worth, 2).scaleb(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a payment asks for after the rate moved, and for how long."""

    asked: Decimal
    estimate_until: datetime | None


def rounded_up(value: Decimal, at: int) -> Decimal:
    """Return ``value`` with no more than ``at`` places behind the point, and never less than it."""
    shorter = value.quantize(Decimal(1).scaleb(-at), rounding=ROUND_UP, context=_ALL_DIGITS)
    return value if shorter == value else shorter


def read_payment(payment: Entity) -> Payment | None:
    """Return a payment as it was created, asked for, listed or told; None for what has no payment's id."""
    payment_id = id_of(payment.get("payment_id"))
    if payment_id is None:
        return None
    word = text(payment.get("payment_status")) or ""
    children = payment.get("payment_extra_ids")
    return Payment(
        id=payment_id,
        parent_id=id_of(payment.get("parent_payment_id")),
        invoice_id=id_of(payment.get("invoice_id")),
        purchase_id=id_of(payment.get("purchase_id")),
        reference=text(payment.get("order_id")),
        state=_STATES.get(word.lower(), CoinState.UNDER_WAY),
        word=word,
        price=amount(payment.get("price_amount")),
        currency=currency(payment.get("price_currency")),
        coin=coin(payment.get("pay_currency")),
        asked=amount(payment.get("pay_amount")),
        arrived=amount(first(payment, "actually_paid", "amount_received")) or Decimal(0),
        worth=amount(payment.get("actually_paid_at_fiat")) or None,
        address=text(payment.get("pay_address")),
        memo=text(payment.get("payin_extra_id")),
        network=text(payment.get("network")),
        places=places(payment.get("network_precision")),
        repeated_ids=_ids(children if isinstance(children, list) else []),
        estimate_until=moment(payment.get("expiration_estimate_date")),
        valid_until=moment(payment.get("valid_until")),
        created_at=moment(payment.get("created_at")),
        updated_at=moment(payment.get("updated_at")),
    )


def read_coins(currencies: Entity, *, selected: Sequence[str]) -> tuple[Coin, ...]:
    """Return those of the ``selected`` coins that can be paid with now, in their order."""
    listed = currencies.get("currencies")
    stated = [expanded(each) for each in listed] if isinstance(listed, list) else []
    by_code = {code: each for each in stated if _is_open(each) and (code := coin(each.get("code")))}
    return tuple(_coin(code, by_code[code]) for code in selected if code in by_code)


def read_selected(answer: Entity) -> list[str]:
    """Return the codes of the coins that the merchant takes."""
    codes = first(answer, "selectedCurrencies", "currencies")
    return [code for each in codes if (code := coin(each))] if isinstance(codes, list) else []


def _ids(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(found for each in values if (found := id_of(each)))


def _is_open(stated: Entity) -> bool:
    return stated.get("enable") is True and stated.get("available_for_payment") is not False


def _coin(code: str, stated: Entity) -> Coin:
    # Of the two precisions, both of which are wrong at times, the coarser can always be sent.
    precisions = [places(stated.get(name)) for name in ("precision", "network_precision")]
    known = [each for each in precisions if each is not None]
    return Coin(
        code=code,
        name=text(stated.get("name")) or code.upper(),
        ticker=text(stated.get("ticker")) or code,
        network=text(stated.get("network")) or "",
        places=min(known) if known else None,
        needs_memo=stated.get("extra_id_exists") is True,
    )
