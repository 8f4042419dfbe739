"""Creem's objects turned into the shop's facts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypedDict, TypeVar

from billing.providers.creem import entities
from billing.providers.creem.answers import HAVE_BEEN_PAID, Transaction, status_of
from billing.providers.creem.entities import Entity, currency, expanded, first, id_of, moment, number, text
from billing.providers.facts import (
    Disputed,
    Fact,
    Mode,
    PaymentSucceeded,
    Refunded,
    RefundState,
    SubscriptionChanged,
    Unknown,
)

PROVIDER = "creem"
# What is said to have changed where nothing was told and we asked.
ASKED = "asked"
PAID, BOUGHT = "paid", "checkout.completed"
# The changes that may be the first to tell of a payment; all others only repeat its name.
TELL_OF_PAYMENTS = {PAID, BOUGHT, ASKED}
CANCELED = "canceled"

_REFUND_STATES = {
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}

# What a subscription is after these, though it may say otherwise: one that expired says that it is active.
_END_IN = {"trialing", "past_due", "unpaid", "scheduled_cancel", CANCELED, "expired", "paused"}
# These are told while it may be anything: what it says itself holds.
_CHANGES = _END_IN | {"active", PAID, "update"}

Told = TypeVar("Told")


class _Lacking(Exception):
    """An object does not say what a fact has to."""


class _Common(TypedDict):
    provider: str
    mode: Mode
    reference: str | None
    customer_id: str | None
    subscription_id: str | None
    happened_at: datetime | None


class _Amounts(TypedDict):
    currency: str | None
    amount_cents: int | None
    tax_cents: int | None
    discount_cents: int | None
    paid_cents: int | None


class _TakenBack(_Common):
    transaction_id: str
    checkout_id: str | None
    provider_order_id: str | None
    product_id: str | None
    units: int | None
    currency: str
    amount_cents: int
    paid_cents: int | None


def of_event(envelope: Entity) -> Fact:
    """Return what a webhook tells; Unknown when it says too little, or something that we do not know."""
    kind, about = text(envelope.get("eventType")) or "", expanded(envelope.get("object"))
    at = moment(envelope.get("created_at"))
    match kind.split("."):
        case ["checkout", "completed"]:
            return of_checkout(about, at=at)
        case ["refund", "created"]:
            return _if_complete(_refund, about, at)
        case ["dispute", "created"]:
            return _if_complete(_dispute, about, at)
        case ["subscription", change] if change in _CHANGES:
            return if_paid(_if_complete(partial(_subscription, change=change), about, at))
        case _:
            return Unknown(**_common(about, at=at), why="an event of no known kind")


def refund_state(word: str | None) -> RefundState:
    """Return how far a refund got, by Creem's word for it."""
    return _REFUND_STATES.get(word or "", RefundState.PENDING)


def of_checkout(checkout: Entity, *, at: datetime | None = None) -> Fact:
    """Return what a completed checkout tells, whether its webhook came or it was asked for."""
    order = expanded(checkout.get("order"))
    if order.get("type") == "recurring" or checkout.get("subscription"):
        return _if_complete(_bought_subscription, checkout, at)
    return _if_complete(_payment, checkout, at)


def of_subscription(subscription: Entity) -> Fact:
    """Return what a subscription says of itself when it was asked for, as a change that is ASKED."""
    last = expanded(subscription.get("last_transaction"))
    paid_at = moment(first(subscription, "last_transaction_date")) or moment(last.get("created_at"))
    return _if_complete(partial(_subscription, change=ASKED), subscription, paid_at)


def with_transaction(fact: SubscriptionChanged, transaction: Transaction) -> SubscriptionChanged:
    """Return ``fact`` with what its transaction tells of the payment; if that brought no money, without."""
    if not transaction.is_paid:
        return replace(fact, transaction_id=None)
    return replace(
        fact,
        provider_order_id=fact.provider_order_id or transaction.provider_order_id,
        currency=transaction.currency,
        amount_cents=transaction.amount_cents,
        tax_cents=transaction.tax_cents,
        discount_cents=transaction.discount_cents,
        paid_cents=transaction.paid_cents,
        refunded_cents=transaction.refunded_cents,
    )


def if_paid(fact: Fact) -> Fact:
    """Return ``fact``; Unknown if it tells that a subscription was paid, and there is no payment."""
    if not isinstance(fact, SubscriptionChanged) or fact.change != PAID or fact.transaction_id is not None:
        return fact
    return Unknown(
        provider=fact.provider,
        mode=fact.mode,
        reference=fact.reference,
        customer_id=fact.customer_id,
        subscription_id=fact.subscription_id,
        happened_at=fact.happened_at,
        why="no paid transaction",
        is_incomplete=True,
    )


def order_of(transaction: Entity) -> Entity:
    """Return as much of a paid order as its transaction tells."""
    return {
        "id": id_of(transaction.get("order")),
        "customer": transaction.get("customer"),
        "transaction": id_of(transaction),
        "status": "paid" if status_of(transaction) in HAVE_BEEN_PAID else None,
        "type": "recurring" if transaction.get("subscription") else "onetime",
        "amount": transaction.get("amount"),
        "amount_paid": transaction.get("amount_paid"),
        "tax_amount": transaction.get("tax_amount"),
        "discount_amount": transaction.get("discount_amount"),
        "currency": transaction.get("currency"),
        "updated_at": transaction.get("created_at"),
        "mode": transaction.get("mode"),
    }


def _payment(checkout: Entity, at: datetime | None) -> PaymentSucceeded:
    order, customer = expanded(checkout.get("order")), expanded(checkout.get("customer"))
    if order.get("status") != "paid":
        raise _Lacking("paid order")
    return PaymentSucceeded(
        **_common(checkout, order, at=at or moment(order.get("updated_at"))),
        checkout_id=_needed(id_of(checkout), "id"),
        provider_order_id=_needed(id_of(order), "order.id"),
        transaction_id=_needed(id_of(order.get("transaction")), "order.transaction"),
        product_id=_needed(id_of(order.get("product")) or id_of(checkout.get("product")), "product"),
        units=_needed(_units(checkout), "units"),
        currency=_needed(currency(order.get("currency")), "order.currency"),
        amount_cents=_needed(number(order.get("amount")), "order.amount"),
        tax_cents=number(order.get("tax_amount")),
        discount_cents=number(order.get("discount_amount")),
        paid_cents=number(order.get("amount_paid")),
        email=text(customer.get("email")),
    )


def _bought_subscription(checkout: Entity, at: datetime | None) -> SubscriptionChanged:
    order, subscription = expanded(checkout.get("order")), expanded(checkout.get("subscription"))
    at = at or moment(order.get("updated_at"))
    return SubscriptionChanged(
        **_common(checkout, order, subscription, at=at),
        change=BOUGHT,
        status=text(subscription.get("status")) or "",
        product_id=id_of(order.get("product")) or id_of(checkout.get("product")),
        units=_units(checkout),
        email=text(expanded(checkout.get("customer")).get("email")),
        transaction_id=id_of(order.get("transaction")) if order.get("status") == "paid" else None,
        provider_order_id=id_of(checkout.get("order")),
        as_of=moment(subscription.get("updated_at")) or at,
        **_amounts(order),
    )


def _subscription(subscription: Entity, at: datetime | None, *, change: str) -> SubscriptionChanged:
    paid, transaction_id = _last_payment(subscription)
    common = _common(subscription, paid, at=at)
    common["subscription_id"] = _needed(id_of(subscription), "id")
    start, end = _period(subscription)
    return SubscriptionChanged(
        **common,
        change=change,
        status=_status_after(change, subscription),
        product_id=id_of(subscription.get("product")),
        units=_units_of_items(subscription.get("items")),
        email=text(expanded(subscription.get("customer")).get("email")),
        transaction_id=transaction_id,
        provider_order_id=id_of(paid.get("order")),
        refunded_cents=(number(paid.get("refunded_amount")) or 0) if paid else None,
        period_start=start,
        period_end=end,
        as_of=moment(subscription.get("updated_at")) or at,
        **_amounts(paid),
    )


def _last_payment(subscription: Entity) -> tuple[Entity, str | None]:
    """Return the last transaction, as far as it is told, and its id; nothing if it brought no money."""
    transaction = subscription.get("last_transaction")
    described = expanded(transaction)
    if described.get("status") is not None and status_of(described) not in HAVE_BEEN_PAID:
        return {}, None
    own_id = id_of(transaction)
    return (described, own_id) if own_id else ({}, text(subscription.get("last_transaction_id")))


def _amounts(paid: Entity) -> _Amounts:
    """Return the amounts of a payment from its transaction or order."""
    return {
        "currency": currency(paid.get("currency")),
        "amount_cents": number(paid.get("amount")),
        "tax_cents": number(paid.get("tax_amount")),
        "discount_cents": number(paid.get("discount_amount")),
        "paid_cents": number(paid.get("amount_paid")),
    }


def _period(subscription: Entity) -> tuple[datetime | None, datetime | None]:
    """Return the current period; one that is over as it begins, as of what expired, is none."""
    start = moment(subscription.get("current_period_start_date"))
    end = moment(subscription.get("current_period_end_date"))
    return (None, None) if start and end and end <= start else (start, end)


def _status_after(change: str, subscription: Entity) -> str:
    stated = text(subscription.get("status")) or ""
    # Nothing follows that, so that whatever was told late is told by one that has ended since.
    is_over = stated == CANCELED
    return change if change in _END_IN and not is_over else stated


def _units_of_items(items: object) -> int | None:
    return number(expanded(items[0]).get("units")) if isinstance(items, list) and items else None


def _refund(refund: Entity, at: datetime | None) -> Refunded:
    return Refunded(
        **_taken_back(refund, at),
        refund_id=_needed(id_of(refund), "id"),
        state=refund_state(text(refund.get("status"))),
        reason=text(refund.get("reason")),
    )


def _dispute(dispute: Entity, at: datetime | None) -> Disputed:
    return Disputed(**_taken_back(dispute, at), dispute_id=_needed(id_of(dispute), "id"))


def _taken_back(about: Entity, at: datetime | None) -> _TakenBack:
    order, checkout = expanded(about.get("order")), expanded(about.get("checkout"))
    transaction, subscription = expanded(about.get("transaction")), expanded(about.get("subscription"))
    return {
        **_common(about, checkout, order, transaction, subscription, at=at),
        "transaction_id": _needed(id_of(about.get("transaction")), "transaction"),
        "checkout_id": id_of(about.get("checkout")),
        "provider_order_id": id_of(about.get("order")) or id_of(transaction.get("order")),
        "product_id": _first_id("product", (order, checkout, subscription)),
        "units": number(checkout.get("units")),
        "currency": _needed(currency(first(about, "refund_currency", "currency")), "currency"),
        "amount_cents": _needed(number(first(about, "refund_amount", "amount")), "amount"),
        "paid_cents": number(transaction.get("amount_paid")),
    }


def _units(checkout: Entity) -> int | None:
    stated = checkout.get("units")
    return 1 if stated is None else number(stated)  # one is what Creem sells unless told otherwise


def _common(*about: Entity, at: datetime | None) -> _Common:
    return {
        "provider": PROVIDER,
        "mode": entities.mode(*about),
        "reference": entities.reference(*about),
        "customer_id": _first_id("customer", about),
        "subscription_id": _first_id("subscription", about),
        "happened_at": at,
    }


def _first_id(name: str, about: Sequence[Entity]) -> str | None:
    return next((found for each in about if (found := id_of(each.get(name)))), None)


def _if_complete(
    translate: Callable[[Entity, datetime | None], Fact], about: Entity, at: datetime | None
) -> Fact:
    try:
        return translate(about, at)
    except _Lacking as lacking:
        return Unknown(**_common(about, at=at), why=f"no {lacking}", is_incomplete=True)


def _needed(value: Told | None, what: str) -> Told:
    if value is None:
        raise _Lacking(what)
    return value
