"""Resolutions: what a person does about money that credited nothing. Each review is resolved once.

The provider may have to be asked what was really paid; that is done before the transaction, which locks the
review first and the order then.
"""

from dataclasses import replace
from fractions import Fraction

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import CannotBeAccepted, CannotBeCredited, OrderNotFound, ReviewClosed
from billing.models import Order, Payment, Review
from billing.providers.facts import PaymentSucceeded
from billing.services import paid_orders, wiring
from ledger.models import Entry
from ledger.money import NanoUSD
from ledger.services import accounts, credits, entries  # noqa: A004 - the word of the house


def payment_told(review: Review) -> PaymentSucceeded | None:
    """Return the payment that the event of ``review`` tells, as it may be believed; None if it tells none.

    Raises ProviderError when a provider that has to be asked does not answer.
    """
    if review.event is None:
        return None
    fact = wiring.provider(review.event.provider).confirm(bytes(review.event.body))
    return fact if isinstance(fact, PaymentSucceeded) else None


def accept(review: Review, *, reference: str, by: User) -> Order:
    """Let the payment that ``review`` is about pay the order of that reference, and close the review.

    Another amount than the order's brings its share of the credit. Raises CannotBeAccepted for what tells of
    no payment, has paid already, or differs in provider, mode or currency; OrderNotFound; ReviewClosed;
    PaidTooLittle for less than work by hand costs.
    """
    fact = payment_told(review)
    if fact is None:
        raise CannotBeAccepted
    return _accept(review, fact, reference=reference, by=by)


@transaction.atomic(durable=True)
def credit(review: Review, amount: NanoUSD, *, note: str, by: User) -> None:
    """Credit ``amount`` to whoever bought the order of ``review``, and close it.

    Raises CannotBeCredited when nobody could spend it, because the order is a code, the key of a foreign
    console, or not delivered; and ReviewClosed.
    """
    review = _locked(review)
    order = review.order
    if order is None or not _is_spendable(order):
        raise CannotBeCredited
    credits.grant(
        accounts.open_for(order.customer),
        amount,
        source=entries.cash(order.provider),
        reference=f"review:{review.pk}:credit",
        kind=Entry.Kind.CORRECTION,
        note=order.reference,
        made_by=by,
    )
    _close(review, by=by, note=note)


@transaction.atomic(durable=True)
def _accept(review: Review, fact: PaymentSucceeded, *, reference: str, by: User) -> Order:
    review = _locked(review)
    order = Order.objects.select_for_update().filter(reference=reference).first()
    if order is None:
        raise OrderNotFound
    known = Payment.objects.filter(provider=fact.provider, transaction_id=fact.transaction_id)
    told = (fact.provider, fact.mode.value, fact.currency)
    if order.is_paid or known.exists() or told != (order.provider, order.mode, order.currency):
        raise CannotBeAccepted
    share = Fraction(fact.amount_cents, order.price_cents)
    if order.credit_nano_usd and order.credit_nano_usd * share < 1:
        raise CannotBeAccepted
    paid_orders.scale(order, share)
    paid_orders.record(replace(fact, reference=order.reference), order)
    review.order = order
    review.save(update_fields=["order"])
    _close(review, by=by, note=f"accepted for {order.reference}")
    return order


def _locked(review: Review) -> Review:
    """Return the review, locked, if nobody has closed it yet."""
    locked = Review.objects.open().select_for_update(of=("self",)).filter(pk=review.pk).first()
    if locked is None:
        raise ReviewClosed
    return locked


def _close(review: Review, *, by: User, note: str) -> None:
    Review.objects.filter(pk=review.pk).update(closed_at=timezone.now(), closed_by=by, note=note)


def _is_spendable(order: Order) -> bool:
    return order.result in {Order.Result.WALLET, Order.Result.KEY} and not order.foreign_key_id
