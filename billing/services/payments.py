"""Payments: what a provider tells us about money, compared with the order and recorded once.

The one place that decides what a fact means. A webhook, a sweep and a button bring the same facts here, in
any order and any number, and leave the same rows behind.
"""

from django.db import transaction
from django.db.models import Q

from billing.models import InboxEvent, Order, Payment, Provider, Review
from billing.providers.facts import (
    CoinPayment,
    Disputed,
    Fact,
    PaymentSucceeded,
    Refunded,
    SubscriptionChanged,
    Unknown,
)
from billing.services import (
    coin_payments,
    mismatches,
    paid_orders,
    refund_facts,
    reviews,
    subscription_facts,
)
from billing.services.mismatches import Mismatch
from billing.services.outcomes import Applied

Outcome = InboxEvent.Outcome
Reason = Review.Reason


@transaction.atomic(savepoint=False)
def apply(fact: Fact, *, event: InboxEvent | None = None) -> Applied:
    """Do what ``fact`` asks for, once, under the lock of its order's row.

    A payment that fits its order makes it PAID, and is APPLIED once: told again, it is NOTHING_NEW. What does
    not fit credits nothing and opens a review. ``event`` is the webhook that told it, if one did.
    """
    match fact:
        case PaymentSucceeded():
            return _apply_payment(fact, event)
        case CoinPayment():
            return coin_payments.apply(fact, event)
        case Unknown(is_incomplete=True):
            return _review_unreadable(fact, event)
        case Unknown():
            return _keep(fact)
        case Refunded() | Disputed():
            return refund_facts.apply(fact, _named_order(fact), event)
        case SubscriptionChanged():
            return subscription_facts.apply(fact, event)


def _apply_payment(fact: PaymentSucceeded, event: InboxEvent | None) -> Applied:
    order = _locked_order(fact)
    if order is None:
        return Applied(None, None)
    earlier = Payment.objects.filter(provider=fact.provider, transaction_id=fact.transaction_id).first()
    found = mismatches.find(fact, order) or _second_payment(order, earlier)
    if found is not None and found.reason is Reason.PAID_TWICE and _is_in_coins(fact):
        return coin_payments.spare(fact, order, event)
    if found is not None:
        subject = f"{fact.provider} {fact.transaction_id}"
        reviews.open(found.reason, subject=subject, detail=found.detail, order=order, event=event)
        return Applied(Outcome.REVIEW, order)
    if earlier is not None:
        return Applied(Outcome.NOTHING_NEW, order)
    coin_payments.pay(fact, order) if _is_in_coins(fact) else paid_orders.record(fact, order)
    return Applied(Outcome.APPLIED, order)


def _is_in_coins(fact: PaymentSucceeded) -> bool:
    return fact.provider == Provider.NOWPAYMENTS


def _locked_order(fact: PaymentSucceeded) -> Order | None:
    """Return the order that is paid, locked: by our reference, or else by the checkout that we opened."""
    every = Order.objects.select_for_update()
    by_reference = every.filter(reference=fact.reference).first() if fact.reference else None
    return by_reference or every.filter(provider=fact.provider, checkout_id=fact.checkout_id).first()


def _second_payment(order: Order, earlier: Payment | None) -> Mismatch | None:
    if earlier is not None and earlier.order_id != order.pk:
        return Mismatch(Reason.PAID_TWICE, "this transaction paid another order")
    if earlier is None and order.is_paid:
        return Mismatch(Reason.PAID_TWICE, "another transaction paid this order")
    return None


def _review_unreadable(fact: Unknown, event: InboxEvent | None) -> Applied:
    order = _named_order(fact)
    source = event.event_id if event is not None else f"answer about {fact.reference}"
    subject = f"{fact.provider} {source}"
    reviews.open(Reason.UNREADABLE, subject=subject, detail=fact.why, order=order, event=event)
    return Applied(Outcome.REVIEW, order)


def _keep(fact: Fact) -> Applied:
    return Applied(Outcome.KEPT, _named_order(fact))


def _named_order(fact: Fact) -> Order | None:
    """Return the order that ``fact`` is about, by whichever of its names is one of ours.

    What goes back names a transaction, and that counts first: the reference of a subscription is that of its
    first order. While a renewal's payment has not come, nothing is its order.
    """
    named = Order.objects.filter(reference=fact.reference).first() if fact.reference else None
    if not isinstance(fact, Refunded | Disputed):
        return named
    paid = Q(payment__provider=fact.provider, payment__transaction_id=fact.transaction_id)
    by_payment = Order.objects.filter(paid).first()
    is_of_renewal = fact.subscription_id is not None and named is not None and named.is_paid
    return by_payment or (None if is_of_renewal else named)
