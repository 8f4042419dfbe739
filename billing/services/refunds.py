"""Refunds: money of an order's payment goes back, whole or in parts, and its credit is taken back with it.

The intent, the credit and the promise of the mail are one transaction. Only after that a provider is asked,
by `refund_requests`; what it tells, `refund_facts` brings here.
"""

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import User
from billing.errors import NothingToRefund, RefundEnded, RefundTooLarge
from billing.models import Order, OrderMail, OrderStep, Payment, Provider, Refund, Review
from billing.services import (
    foreign_keys,
    mails,
    orders,
    paid_orders,
    reviews,
    sale_prices,
    subscriptions,
    taking_back,
)

_UNDELIVERED = {Order.State.PAID, Order.State.DELIVERING, Order.State.REFUNDED}


@transaction.atomic
def refund(
    order: Order, amount_cents: int, *, origin: Refund.Origin, reason: str, made_by: User | None = None
) -> Refund:
    """Begin to give ``amount_cents`` of what was paid for ``order`` back, tax included.

    Raises NothingToRefund when nothing was paid, and RefundTooLarge when less than that is left. All of a
    Creem payment is then refunded by `refund_requests`; anything else by hand, and waits until somebody
    enters what became of it, or its event comes.
    """
    locked = lock(order.pk)
    payment = Payment.objects.filter(order=locked).first()
    if payment is None:
        raise NothingToRefund
    if not 0 < amount_cents <= left_cents(payment):
        raise RefundTooLarge(left_cents(payment))
    is_asked_for = payment.provider == Provider.CREEM and amount_cents == payment.whole_cents
    begun = Refund(
        kind=Refund.Kind.REFUND,
        origin=origin,
        amount_cents=amount_cents,
        reason=reason,
        made_by=made_by,
        ask_at=timezone.now() if is_asked_for else None,
    )
    return record(locked, payment, begun)


def record(order: Order, payment: Payment, refund: Refund) -> Refund:
    """Write down a new ``refund`` of an order whose row the caller has locked, and take its credit back.

    An order that was never delivered, and all of whose money goes back, is never delivered from then on.
    """
    refund.order, refund.payment = order, payment
    refund.provider, refund.currency = payment.provider, payment.currency
    refund.units_per_usd = sale_prices.price_facts(order).units_per_usd if order.credit_nano_usd else None
    refund.credit_nano_usd = _share(order, payment, refund.amount_cents)
    refund.save(force_insert=True)
    _count(payment, refund.amount_cents)
    if order.state in _UNDELIVERED and payment.refunded_cents == payment.whole_cents:
        _cancel_delivery(order)
    taking_back.take(order, refund)
    _tell(order, refund)
    refund.refresh_from_db()
    return refund


@transaction.atomic
def enter_proof(refund: Refund, proof: str) -> None:
    """Write down how the money went back by hand; raises RefundEnded when that is known already."""
    lock(refund.order_id)
    fresh = Refund.objects.get(pk=refund.pk)
    if fresh.state != Refund.State.AWAITING:
        raise RefundEnded
    fresh.proof = proof
    end(fresh)


@transaction.atomic
def give_up(refund: Refund, *, why: str) -> None:
    """Write down that the money did not go back, or that a dispute was won; raises RefundEnded after that."""
    lock(refund.order_id)
    fresh = Refund.objects.get(pk=refund.pk)
    if fresh.state == Refund.State.FAILED:
        raise RefundEnded
    fail(fresh, why=why)


def end(refund: Refund) -> None:
    """Write down that the money went back; the caller has locked the order."""
    refund.state, refund.ended_at, refund.ask_at = Refund.State.DONE, timezone.now(), None
    refund.save()
    orders.note(refund.order, OrderStep.Kind.REFUND_ENDED, f"{refund.kind} {refund.pk}: {refund.state}")


def fail(refund: Refund, *, why: str) -> None:
    """Undo a refund whose money did not go: its credit comes back, and what was not delivered will be.

    The caller has locked the order.
    """
    order = Order.objects.get(pk=refund.order_id)
    refund.state, refund.ended_at, refund.ask_at = Refund.State.FAILED, timezone.now(), None
    refund.last_error = why[:300]
    if order.state == Order.State.REFUNDED:
        _deliver_after_all(order)
    elif refund.taken_at is not None:
        taking_back.give_back(order, refund)
    refund.save()
    _count(refund.payment, -refund.amount_cents)
    orders.note(order, OrderStep.Kind.REFUND_ENDED, f"{refund.kind} {refund.pk}: {refund.state}")


def remember_failure(order: Order, payment: Payment, refund: Refund) -> None:
    """Write down a refund that had failed before we heard of it: what else is told of it does nothing."""
    refund.order, refund.payment = order, payment
    refund.provider, refund.currency, refund.credit_nano_usd = payment.provider, payment.currency, 0
    refund.state, refund.ended_at = Refund.State.FAILED, timezone.now()
    refund.save(force_insert=True)


def report(refund: Refund, *, detail: str) -> None:
    """Have a person look at a refund that does not go through."""
    reviews.open(
        Review.Reason.REFUND_FAILED, subject=f"refund {refund.pk}", detail=detail, order=refund.order
    )


def lock(order_pk: int) -> Order:
    """Lock the row of an order to the end of the transaction, and return it as it is now."""
    return Order.objects.select_for_update().get(pk=order_pk)


def left_cents(payment: Payment) -> int:
    """Return how much of a payment has not gone back."""
    return payment.whole_cents - payment.refunded_cents


def _share(order: Order, payment: Payment, amount_cents: int) -> int:
    """Return the credit that ``amount_cents`` stand for.

    Cut where all that went back so far ends, so that all parts together are exactly the order's credit.
    """
    upto = order.credit_nano_usd * (payment.refunded_cents + amount_cents) // payment.whole_cents
    gone = Refund.objects.standing().filter(order=order).aggregate(sum=Sum("credit_nano_usd", default=0))
    return max(upto - int(gone["sum"]), 0)


def _count(payment: Payment, amount_cents: int) -> None:
    """Add to what went back of a payment; the database lets it never be more than was paid."""
    Payment.objects.filter(pk=payment.pk).update(refunded_cents=F("refunded_cents") + amount_cents)
    payment.refresh_from_db()


def _cancel_delivery(order: Order) -> None:
    order.state, order.deliver_at = Order.State.REFUNDED, None
    order.save(update_fields=["state", "deliver_at"])
    foreign_keys.stop(order)
    subscriptions.cancel_needless(order)
    standing = Refund.objects.standing().filter(order=order)
    standing.update(withheld_nano_usd=F("credit_nano_usd"), taken_at=timezone.now())


def _deliver_after_all(order: Order) -> None:
    order.state = Order.State.PAID
    paid_orders.hand_over(order, at=timezone.now())
    order.save(update_fields=["state", "deliver_at"])
    Refund.objects.standing().filter(order=order).update(withheld_nano_usd=0, taken_at=None)


def _tell(order: Order, refund: Refund) -> None:
    if refund.origin != Refund.Origin.AGENT:  # the mail about the job tells of it
        mails.owe(order, OrderMail.Kind(refund.kind), occasion=str(refund.pk))
    detail = f"{refund.kind} {refund.pk}: {refund.amount_cents} {refund.currency}, {refund.origin}"
    orders.note(order, OrderStep.Kind.REFUND_MADE, detail)
