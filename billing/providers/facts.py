"""What a provider tells us, in the shop's words, whichever way we learned it.

A webhook and the answer to a question give the same fact, and the same fact may come many times and in any
order: whoever acts on one does so once for each id that it names as its own.

A fact only repeats what the provider said. That it fits an order of ours (provider, mode, product, units,
currency and amount) is for the reader to compare.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Mode(StrEnum):
    """Whether money is real. A word that we do not know is UNKNOWN and equals neither of the others."""

    LIVE = "live"
    TEST = "test"
    UNKNOWN = "unknown"


class RefundState(StrEnum):
    """How far a refund got; anything that is not the end is PENDING."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class CoinState(StrEnum):
    """How far a payment in coins got; a word of the provider's that we do not know is UNDER_WAY.

    EXPIRED is no end: coins may still come. PARTLY_PAID is one, unless the shop says there that it is enough.
    """

    WAITING = "waiting"
    UNDER_WAY = "under way"
    FINISHED = "finished"
    PARTLY_PAID = "partly paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """What every fact says.

    `reference` is the one that we gave to the checkout; all ids are the provider's.
    """

    provider: str
    mode: Mode
    reference: str | None = None
    customer_id: str | None = None
    subscription_id: str | None = None
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSucceeded(_Fact):
    """A one-time purchase is paid. Its own id is `transaction_id`: credit once for each.

    `amount_cents` is for all units and before added tax: this is what was quoted, and what to compare.
    `paid_cents` is what left the buyer's account, with tax and less discounts: never compare that exactly.
    Coins are counted at the rate of the payment, so that it is above the amount when too many came.
    `email` is whatever the buyer typed there, which need not be what we were told. A provider that keeps no
    products of ours names neither `product_id` nor `units`. Where coins were sent, `asked` and `arrived`
    count `coin`. What pays for a stretch of time, as of a subscription, may say which.
    """

    transaction_id: str
    checkout_id: str
    provider_order_id: str
    product_id: str | None = None
    units: int | None = None
    currency: str
    amount_cents: int
    tax_cents: int | None = None
    discount_cents: int | None = None
    paid_cents: int | None = None
    email: str | None = None
    coin: str | None = None
    asked: Decimal | None = None
    arrived: Decimal | None = None
    covers_from: datetime | None = None
    covers_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _TakenBack(_Fact):
    """Money of an earlier payment, named by `transaction_id`, went back. `amount_cents` includes tax.

    `paid_cents` is all that was paid then, also with tax.
    """

    transaction_id: str
    checkout_id: str | None = None
    provider_order_id: str | None = None
    product_id: str | None = None
    units: int | None = None
    currency: str
    amount_cents: int
    paid_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(_TakenBack):
    """Money was given back, or is about to be. Its own id is `refund_id`; it counts when it SUCCEEDED."""

    refund_id: str
    state: RefundState
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed(_TakenBack):
    """The buyer's bank took money back. Its own id is `dispute_id`."""

    dispute_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChanged(_Fact):
    """Something happened to a subscription, or it was asked about.

    `change` is the provider's word for it, such as ``paid`` or ``canceled``, or ``checkout.completed`` when
    it was bought, or ``asked``; `status` is what it is after that, in the provider's word. Changes overtake
    each other: `as_of` tells the newer.

    `transaction_id` is the last payment, whatever the change, so that many facts name the same one: grant
    once for each. None is no payment so far, as in a trial. The amounts are those of that payment, for all
    units, as in PaymentSucceeded, and `refunded_cents` is what of it went back; they are None where the
    payment was named and not described. What was bought tells those of its order, which for a trial are 0,
    and no period; every other period is the current one. `happened_at` of what was asked about is the moment
    of the last payment.
    """

    change: str
    status: str
    product_id: str | None = None
    units: int | None = None
    currency: str | None = None
    amount_cents: int | None = None
    tax_cents: int | None = None
    discount_cents: int | None = None
    paid_cents: int | None = None
    refunded_cents: int | None = None
    email: str | None = None
    transaction_id: str | None = None
    provider_order_id: str | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(_Fact):
    """Something was said that we cannot act on: `why` is for the operator.

    It is incomplete when we know its kind, and it says too little: then it may be about money.
    """

    why: str
    is_incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinPayment(Unknown):
    """A payment in coins that does not simply pay an order: whoever has no rule for it lets a person decide.

    Its own id is `transaction_id`. It is incomplete once it has come to an end with coins in it: they are too
    few, or were sent once more or in another coin to the address of the payment `parent_id`, or came although
    nothing was expected any more, or went back. `asked` and `arrived` count `coin`, never money. What arrived
    was worth `worth` in `currency` at that moment; None is not said, and says nothing. `amount_cents` is the
    price of the order, whatever arrived.
    """

    transaction_id: str
    parent_id: str | None
    checkout_id: str
    provider_order_id: str
    state: CoinState
    coin: str | None
    asked: Decimal | None
    arrived: Decimal
    currency: str | None
    amount_cents: int | None
    worth: Decimal | None


Fact = PaymentSucceeded | Refunded | Disputed | SubscriptionChanged | Unknown
