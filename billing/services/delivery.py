"""Delivery: a paid order becomes credit in a wallet, an API key, or a code; once, whatever dies meanwhile.

A try is counted, and the next one set, before it is made. So a worker that is killed needs nobody to notice:
the sweep finds the order when its next try is due, and two workers never try together. The result is
committed in one transaction with the credit, the promise of the mail and the step.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.models import Order, OrderStep, Review
from billing.models.orders import OrderQuerySet
from billing.providers.errors import ProviderError, ProviderUnavailable
from billing.providers.key_issuer import ForeignKey
from billing.services import foreign_keys, handovers, orders, reviews

log = logging.getLogger(__name__)

# Five tries with these pauses take about a minute; a guest whose key could not be made then gets a code.
KEY_TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=5)
# Longer than a console may take: nobody else asks it for the same key meanwhile.
LEASE = timedelta(seconds=30)
# How long a paid order may go undelivered before a person is told.
OVERDUE = timedelta(minutes=10)
AT_ONCE = 500
_LARGEST_COUNT = 32_767


class Way(StrEnum):
    """How an order is to be delivered, as things stand."""

    PLAN = "plan"
    WALLET = "wallet"
    OWN_KEY = "own key"
    FOREIGN_KEY = "foreign key"
    CODE = "code"


def deliver(order_pk: int) -> None:
    """Deliver a paid order, if that is due.

    Harmless for an order that is delivered, not paid, or in another worker's hands. A console that does not
    answer is asked again later; one that refuses, or keeps failing, makes the order a code. Any other fault
    propagates, and the order is tried again.
    """
    order = _begin(order_pk)
    if order is None:
        return
    if _way(order) is not Way.FOREIGN_KEY:
        _finish(order_pk)
        return
    try:
        key = foreign_keys.ask(order.key_intent)
    except ProviderUnavailable as failure:
        _put_off(order, failure) if order.delivery_attempts < KEY_TRIES else _fall_back(order, failure)
    except ProviderError as refusal:
        _fall_back(order, refusal)
    else:
        _finish(order_pk, key)


def due() -> list[int]:
    """Return the orders that are to be delivered now, those that wait longest first, and not too many."""
    return list(Order.objects.to_deliver().values_list("pk", flat=True)[:AT_ONCE])


def hurry(order: Order) -> None:
    """Let the next try of ``order`` be made now, as an operator may wish; nothing if it is delivered."""
    Order.objects.filter(pk=order.pk, deliver_at__isnull=False).update(deliver_at=timezone.now())


def overdue() -> OrderQuerySet:
    """Return the orders that were paid a while ago and are not delivered."""
    return Order.objects.overdue(paid_before=timezone.now() - OVERDUE)


def report_overdue() -> None:
    """Open a review for every order that was paid a while ago and is not delivered; each gets one."""
    for order in overdue().unreported()[:AT_ONCE]:
        _report(order)


@transaction.atomic(durable=True)
def _begin(order_pk: int) -> Order | None:
    """Count a try that is due and set the next one; return the order, or None if there is nothing to do."""
    order = _locked(order_pk)
    now = timezone.now()
    if order is None or not _is_due(order, now):
        return None
    order.state = Order.State.DELIVERING
    order.delivery_attempts = min(order.delivery_attempts + 1, _LARGEST_COUNT)
    order.deliver_at = now + _pause_after(order.delivery_attempts)
    if _way(order) is Way.FOREIGN_KEY:
        foreign_keys.intend(order)
        order.deliver_at = now + LEASE
    order.save(update_fields=["state", "delivery_attempts", "deliver_at"])
    return order


def _is_due(order: Order, now: datetime) -> bool:
    """Tell whether a try may be made; the first one always may, as the clocks of two machines differ."""
    return order.delivery_attempts == 0 or (order.deliver_at is not None and order.deliver_at <= now)


def _way(order: Order) -> Way:
    """Return how ``order`` is to be delivered.

    A guest's order that was claimed before its delivery belongs to a user: it goes to the wallet.
    """
    if order.delivery == Order.Delivery.PLAN:
        return Way.PLAN
    if order.delivery == Order.Delivery.CODE:
        return Way.CODE
    if order.customer.user_id is not None:
        return Way.WALLET
    if order.delivery_attempts > KEY_TRIES:
        return Way.CODE
    match settings.KEY_ISSUER:
        case "built-in":
            return Way.OWN_KEY
        case "console" if not foreign_keys.is_given_up(order):
            return Way.FOREIGN_KEY
        case _:
            return Way.CODE


@transaction.atomic(durable=True)
def _finish(order_pk: int, key: ForeignKey | None = None) -> None:
    """Deliver an order, unless it is delivered, as things stand now.

    It may have been claimed since the try began: a ``key`` that a console made is then given up.
    """
    order = _locked(order_pk)
    if order is None:
        return
    match _way(order):
        case Way.PLAN:
            handovers.as_plan(order)
        case Way.WALLET:
            handovers.to_wallet(order)
        case Way.OWN_KEY:
            handovers.as_own_key(order)
        case Way.FOREIGN_KEY if key is not None:
            handovers.as_foreign_key(order, key)
        case Way.FOREIGN_KEY:
            pass  # the settings have changed meanwhile: the next try asks the console
        case Way.CODE:
            _note_a_missing_key(order)
            handovers.as_code(order)


@transaction.atomic(durable=True)
def _put_off(order: Order, failure: ProviderError) -> None:
    """Try again after the pause of this try: the console has answered, so nobody need wait for the lease."""
    again_at = timezone.now() + _pause_after(order.delivery_attempts)
    Order.objects.filter(pk=order.pk, deliver_at__isnull=False).update(deliver_at=again_at)
    foreign_keys.note_failure(order, failure)


def _fall_back(order: Order, failure: ProviderError) -> None:
    """Give the console up, and deliver a code."""
    log.warning("no key could be made for order %s: %s", order.reference, failure)
    foreign_keys.give_up(order, failure)
    _finish(order.pk)


@transaction.atomic(durable=True)
def _report(order: Order) -> None:
    log.error("order %s was paid at %s and is not delivered", order.reference, order.paid_at)
    detail = f"{order.delivery_attempts} tries so far"
    reviews.open(Review.Reason.NOT_DELIVERED, subject=order.reference, detail=detail, order=order)


def _locked(order_pk: int) -> Order | None:
    """Return an order that is paid and not delivered, its row locked to the end of the transaction."""
    paid = Order.objects.filter(state__in=[Order.State.PAID, Order.State.DELIVERING])
    # Alone: what is joined would be as it was before the wait for the lock.
    return paid.select_for_update().filter(pk=order_pk, deliver_at__isnull=False).first()


def _note_a_missing_key(order: Order) -> None:
    if order.delivery == Order.Delivery.AUTO:
        why = "nobody makes keys" if settings.KEY_ISSUER == "off" else f"{order.delivery_attempts} tries"
        orders.note(order, OrderStep.Kind.KEY_FAILED, detail=why)


def _pause_after(attempts: int) -> timedelta:
    """Return the pause after so many tries, each twice the one before."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)
