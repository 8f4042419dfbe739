"""What Creem answers about products and transactions, for checks and comparisons."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.providers.creem import entities
from billing.providers.creem.entities import Entity, currency, id_of, moment, number, text
from billing.providers.facts import Mode

ONCE, EVERY_MONTH = "onetime", "every-month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product as it is sold to whoever opens a checkout now. `price_cents` is for one unit.

    `billing_type` and `billing_period` are Creem's words: the second says how often a subscription is paid.
    """

    id: str
    mode: Mode
    name: str
    price_cents: int | None
    currency: str | None
    billing_type: str | None
    billing_period: str | None
    is_active: bool
    adds_tax: bool

    @property
    def is_recurring(self) -> bool:
        """Tell whether it is a subscription; one that does not say counts as that."""
        return self.billing_type != ONCE


class TransactionStatus(StrEnum):
    """What became of the money of a transaction."""

    PENDING = "pending"
    PAID = "paid"
    PARTLY_REFUNDED = "partly refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One movement of a buyer's money. `amount_cents` is before added tax, `paid_cents` with it.

    One that pays for a subscription names it, and says for which stretch of time.
    """

    id: str
    mode: Mode
    status: TransactionStatus
    provider_order_id: str | None
    customer_id: str | None
    subscription_id: str | None
    currency: str | None
    amount_cents: int | None
    tax_cents: int | None
    discount_cents: int | None
    paid_cents: int | None
    refunded_cents: int
    period_start: datetime | None
    period_end: datetime | None
    created_at: datetime | None

    @property
    def is_paid(self) -> bool:
        """Tell whether money came, also if it went back since: that is a fact of its own."""
        return self.status in HAVE_BEEN_PAID


HAVE_BEEN_PAID = {
    TransactionStatus.PAID,
    TransactionStatus.PARTLY_REFUNDED,
    TransactionStatus.REFUNDED,
    TransactionStatus.DISPUTED,
}

# The words of API, webhooks and guides, which spell them differently.
_STATUSES = {
    "pending": TransactionStatus.PENDING,
    "paid": TransactionStatus.PAID,
    "partialrefund": TransactionStatus.PARTLY_REFUNDED,
    "partiallyrefunded": TransactionStatus.PARTLY_REFUNDED,
    "refunded": TransactionStatus.REFUNDED,
    "chargedback": TransactionStatus.DISPUTED,
    "chargeback": TransactionStatus.DISPUTED,
    "declined": TransactionStatus.FAILED,
    "uncollectible": TransactionStatus.FAILED,
    "canceled": TransactionStatus.FAILED,
    "void": TransactionStatus.FAILED,
}


def read_product(product: Entity) -> Product:
    """Return a product from its object."""
    return Product(
        id=id_of(product) or "",
        mode=entities.mode(product),
        name=text(product.get("name")) or "",
        price_cents=number(product.get("price")),
        currency=currency(product.get("currency")),
        billing_type=text(product.get("billing_type")),
        billing_period=text(product.get("billing_period")),
        is_active=product.get("status") == "active",
        adds_tax=product.get("tax_mode") != "inclusive",
    )


def read_transaction(transaction: Entity) -> Transaction:
    """Return a transaction from its object."""
    return Transaction(
        id=id_of(transaction) or "",
        mode=entities.mode(transaction),
        status=status_of(transaction),
        provider_order_id=id_of(transaction.get("order")),
        customer_id=id_of(transaction.get("customer")),
        subscription_id=id_of(transaction.get("subscription")),
        currency=currency(transaction.get("currency")),
        amount_cents=number(transaction.get("amount")),
        tax_cents=number(transaction.get("tax_amount")),
        discount_cents=number(transaction.get("discount_amount")),
        paid_cents=number(transaction.get("amount_paid")),
        refunded_cents=number(transaction.get("refunded_amount")) or 0,
        period_start=moment(transaction.get("period_start")),
        period_end=moment(transaction.get("period_end")),
        created_at=moment(transaction.get("created_at")),
    )


def status_of(transaction: Entity) -> TransactionStatus:
    """Return what became of a transaction's money, whichever way it is spelt."""
    word = str(transaction.get("status")).replace("_", "").lower()
    return _STATUSES.get(word, TransactionStatus.UNKNOWN)
