"""What the local Creem keeps. Amounts are cents; times are milliseconds since 1970."""

import secrets
import string
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.deliveries import Message
from sandbox.records import Record

CheckoutStatus = Literal["pending", "completed", "expired"]
SubscriptionStatus = Literal[
    "active", "trialing", "past_due", "unpaid", "paused", "scheduled_cancel", "canceled", "expired"
]
TransactionStatus = Literal["paid", "refunded", "partialRefund", "chargedBack"]

_SYMBOLS = string.digits + string.ascii_letters
_ID_LENGTH = 22


def new_id(prefix: str) -> str:
    """Return an id as Creem makes them, such as ``ord_4aDwWXjMLpes4Kj4XqNnUA``."""
    return prefix + "_" + "".join(secrets.choice(_SYMBOLS) for _ in range(_ID_LENGTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Record):
    """Something for sale; `price` is for one unit, before tax when `tax_mode` is exclusive."""

    name: str
    description: str
    price: int
    currency: str
    billing_type: str
    billing_period: str
    tax_mode: str
    tax_category: str
    default_success_url: str | None
    created_at: int
    trial_days: int = 0

    @property
    def is_recurring(self) -> bool:
        """Whether it is charged again and again."""
        return self.billing_type == "recurring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Record):
    """A buyer: whoever paid under this e-mail address."""

    email: str
    name: str
    country: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout(Record):
    """A page to pay on. What the shop left out is None and is not echoed."""

    product_id: str
    units: int
    email: str | None
    request_id: str | None
    success_url: str | None
    metadata: dict[str, Any] | None
    status: CheckoutStatus
    order_id: str | None
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """A paid purchase of one product; `amount` is before added tax. That of a trial has no transaction."""

    checkout_id: str
    product_id: str
    customer_id: str
    transaction_id: str | None
    amount: int
    tax_amount: int
    currency: str
    created_at: int
    subscription_id: str | None = None

    @property
    def amount_paid(self) -> int:
        """What the buyer paid."""
        return self.amount + self.tax_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(Record):
    """The money of an order, and how much of it went back; that of a subscription pays for a period."""

    order_id: str
    status: TransactionStatus
    refunded_amount: int | None
    created_at: int
    period_start: int | None = None
    period_end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Record):
    """A product that is charged again and again; so many `periods` of it began since `anchor`.

    A subscription that is scheduled to be cancelled does `at_end` what it says there.
    """

    checkout_id: str
    product_id: str
    customer_id: str
    item_id: str
    status: SubscriptionStatus
    last_transaction_id: str | None
    units: int
    anchor: int
    periods: int
    period_start: int
    period_end: int
    at_end: Literal["renew", "cancel", "pause"]
    canceled_at: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """A webhook."""


KINDS = (Product, Customer, Checkout, Order, Transaction, Subscription, Event)
