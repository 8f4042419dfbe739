"""Payments: what a provider tells us about money, compared with the order and recorded once.

The one place that decides what a fact means. A webhook, a sweep and a button bring the same facts here, in
any order and any number, and leave the same rows behind.
"""

from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.models import InboxEvent, Order, OrderMail, OrderStep, Payment, Review
from billing.providers.facts import (
    Disputed,
    Fact,
    PaymentSucceeded,
    Refunded,
    RefundState,
    SubscriptionChanged,
    Unknown,
)
from billing.services import mails, orders, reviews

Outcome = InboxEvent.Outcome
Reason = Review.Reason

LONGEST_ID, LONGEST_ORDER_ID, LONGEST_TRANSACTION_ID = 80, 100, 120
_LARGEST_CENTS = 2**31 - 1


class Applied(NamedTuple):
    """What a fact came to, and its order. Without an outcome the order is not known: it may be, later."""

    outcome: InboxEvent.Outcome | None
    order: Order | None


class _Mismatch(NamedTuple):
    reason: Review.Reason
    detail: str


@transaction.atomic(savepoint=False)
def apply(fact: Fact, *, event: InboxEvent | None = None) -> Applied:
    """Do what ``fact`` asks for, once, under the lock of its order's row.

    A payment that fits its order makes it PAID, and is APPLIED once: told again, it is NOTHING_NEW. What does
    not fit credits nothing and opens a review. ``event`` is the webhook that told it, if one did.
    """
    match fact:
        case PaymentSucceeded():
            return _apply_payment(fact, event)
        case Refunded(state=RefundState.FAILED):
            return _keep(fact)
        case Refunded():
            return _review_taken_back(fact, f"refund {fact.refund_id}", event)
        case Disputed():
            return _review_taken_back(fact, f"dispute {fact.dispute_id}", event)
        case SubscriptionChanged():
            return _apply_subscription(fact, event)
        case Unknown(is_incomplete=True):
            return _review_unreadable(fact, event)
        case Unknown():
            return _keep(fact)


def _apply_payment(fact: PaymentSucceeded, event: InboxEvent | None) -> Applied:
    order = _locked_order(fact)
    if order is None:
        return Applied(None, None)
    earlier = Payment.objects.filter(provider=fact.provider, transaction_id=fact.transaction_id).first()
    found = _mismatch(fact, order) or _second_payment(order, earlier)
    if found is not None:
        subject = f"{fact.provider} {fact.transaction_id}"
        reviews.open(found.reason, subject=subject, detail=found.detail, order=order, event=event)
        return Applied(Outcome.REVIEW, order)
    if earlier is not None:
        return Applied(Outcome.NOTHING_NEW, order)
    record(fact, order)
    return Applied(Outcome.APPLIED, order)


def _locked_order(fact: PaymentSucceeded) -> Order | None:
    """Return the order that is paid, locked: by our reference, or else by the checkout that we opened."""
    every = Order.objects.select_for_update()
    by_reference = every.filter(reference=fact.reference).first() if fact.reference else None
    return by_reference or every.filter(provider=fact.provider, checkout_id=fact.checkout_id).first()


def _mismatch(fact: PaymentSucceeded, order: Order) -> _Mismatch | None:
    """Return the first thing in which the payment is not what was sold.

    The amount before tax is compared, and exactly. What the buyer paid in the end says nothing: tax.
    """
    if len(fact.transaction_id) > LONGEST_TRANSACTION_ID or len(fact.provider_order_id) > LONGEST_ORDER_ID:
        return _Mismatch(Reason.UNREADABLE, "an id that is too long")
    told_and_sold: dict[Review.Reason, tuple[object, object]] = {
        Reason.WRONG_PROVIDER: (fact.provider, order.provider),
        Reason.WRONG_MODE: (fact.mode.value, order.mode),
        Reason.WRONG_PRODUCT: (fact.product_id, order.product_id),
        Reason.WRONG_UNITS: (fact.units, order.units),
        Reason.WRONG_CURRENCY: (fact.currency, order.currency),
        Reason.WRONG_AMOUNT: (fact.amount_cents, order.price_cents),
    }
    differences = (
        _Mismatch(reason, f"{told}, sold was {sold}")
        for reason, (told, sold) in told_and_sold.items()
        if told != sold
    )
    return next(differences, None)


def _second_payment(order: Order, earlier: Payment | None) -> _Mismatch | None:
    if earlier is not None and earlier.order_id != order.pk:
        return _Mismatch(Reason.PAID_TWICE, "this transaction paid another order")
    if earlier is None and order.is_paid:
        return _Mismatch(Reason.PAID_TWICE, "another transaction paid this order")
    return None


def record(fact: PaymentSucceeded, order: Order) -> None:
    """Write down that ``fact`` pays ``order``, whose row the caller has locked: it is to be delivered now."""
    now = timezone.now()
    Payment.objects.create(
        order=order,
        provider=fact.provider,
        transaction_id=fact.transaction_id,
        currency=fact.currency,
        amount_cents=fact.amount_cents,
        tax_cents=_storable(fact.tax_cents),
        paid_cents=_storable(fact.paid_cents),
        email=(fact.email or "")[:254],
        customer_id=(fact.customer_id or "")[:LONGEST_ID],
        happened_at=fact.happened_at or now,
    )
    order.state = Order.State.PAID
    order.paid_at = order.deliver_at = now
    order.ask_at = None
    order.provider_order_id = fact.provider_order_id
    order.save(update_fields=["state", "paid_at", "deliver_at", "ask_at", "provider_order_id"])
    mails.owe(order, OrderMail.Kind.RECEIVED)
    orders.note(order, OrderStep.Kind.PAID, f"transaction {fact.transaction_id}")


def _storable(cents: int | None) -> int | None:
    """Return ``cents`` unless the column is too small: a figure for the record must not refuse a sale."""
    return cents if cents is not None and cents <= _LARGEST_CENTS else None


def _review_taken_back(fact: Refunded | Disputed, what: str, event: InboxEvent | None) -> Applied:
    order = _named_order(fact)
    detail = f"{what} of {fact.transaction_id}: {fact.amount_cents} {fact.currency}"
    reviews.open(
        Reason.TAKEN_BACK, subject=f"{fact.provider} {what}", detail=detail, order=order, event=event
    )
    return Applied(Outcome.REVIEW, order)


def _apply_subscription(fact: SubscriptionChanged, event: InboxEvent | None) -> Applied:
    """Keep what is told of subscriptions, unless one took the money of an order that is paid once."""
    order = _named_order(fact)
    if order is None:
        return Applied(None if fact.reference else Outcome.KEPT, None)
    subject = f"{fact.provider} {fact.subscription_id or fact.transaction_id}"
    detail = "a subscription, sold was a package"
    reviews.open(Reason.WRONG_PRODUCT, subject=subject, detail=detail, order=order, event=event)
    return Applied(Outcome.REVIEW, order)


def _review_unreadable(fact: Unknown, event: InboxEvent | None) -> Applied:
    order = _named_order(fact)
    source = event.event_id if event is not None else f"answer about {fact.reference}"
    subject = f"{fact.provider} {source}"
    reviews.open(Reason.UNREADABLE, subject=subject, detail=fact.why, order=order, event=event)
    return Applied(Outcome.REVIEW, order)


def _keep(fact: Fact) -> Applied:
    return Applied(Outcome.KEPT, _named_order(fact))


def _named_order(fact: Fact) -> Order | None:
    """Return the order that ``fact`` is about, by whichever of its names is one of ours."""
    names = [Q(reference=fact.reference)] if fact.reference else []
    if isinstance(fact, Refunded | Disputed):
        names.append(Q(payment__provider=fact.provider, payment__transaction_id=fact.transaction_id))
    # One after the other: each has its index, and a disjunction of them has none.
    found = (Order.objects.filter(name).first() for name in names)
    return next((order for order in found if order is not None), None)
