"""What a subscriber wishes of the provider: cancel, or go on. And what the provider is asked by ourselves.

A wish is committed before the provider hears of it, and swept until it is done; of two, the later counts.
What the provider answers is a fact like one that it tells by itself.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from billing.errors import CannotBeCancelled, CannotBeResumed, PortalUnavailable
from billing.models import InboxEvent, Order, Subscription
from billing.providers.errors import NotKnownThere, ProviderError
from billing.providers.facts import Fact
from billing.services import payments, subscriptions, wiring

Renewal, State, Wish = Subscription.Renewal, Subscription.State, Subscription.Wish

AT_ONCE = 500
# Longer than the provider may take; then twice as long after each failure.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
RESUMABLE = (State.SCHEDULED_CANCEL, State.PAUSED)
_MOST_DOUBLINGS = 9
_LARGEST_COUNT = 32_767


def can_be_cancelled(held: Subscription) -> bool:
    """Tell whether something would renew ``held`` that can be called off."""
    if held.wish != Wish.NOTHING:
        return held.wish == Wish.RESUME  # which its owner may take back
    return held.renewal == Renewal.INVOICE or held.is_open


def can_be_resumed(held: Subscription) -> bool:
    """Tell whether ``held`` was cancelled or paused, and can go on as it was."""
    if held.renewal == Renewal.CARD:
        is_called_off = held.state in RESUMABLE or held.wish == Wish.CANCEL
        return is_called_off and held.wish != Wish.RESUME
    return held.renewal == Renewal.NONE and subscriptions.was_by_invoice(held)


@transaction.atomic(durable=True)
def cancel(customer: Customer) -> int | None:
    """Let the plan of ``customer`` end with what is paid for.

    Returns the subscription whose provider is to be told; None if nobody is. Raises CannotBeCancelled.
    """
    held = _held(customer)
    if held is None or not can_be_cancelled(held):
        raise CannotBeCancelled
    if held.renewal == Renewal.INVOICE:
        held.renewal = Renewal.NONE
        subscriptions.settle(held)
        subscriptions.end_what_ran_out(held.customer)
        return None
    return _record(held, Wish.CANCEL)


@transaction.atomic(durable=True)
def resume(customer: Customer) -> int | None:
    """Let the plan of ``customer`` renew again, as it did before it was cancelled or paused.

    Returns the subscription whose provider is to be told; None if nobody is. Raises CannotBeResumed.
    """
    held = _held(customer)
    if held is None or not can_be_resumed(held):
        raise CannotBeResumed
    if held.renewal == Renewal.NONE:
        held.renewal = Renewal.INVOICE
        subscriptions.settle(held)
        return None
    return _record(held, Wish.RESUME)


def portal(customer: Customer) -> str:
    """Return the address of the provider's own page about a card plan; raises PortalUnavailable.

    It is asked for anew each time, as nobody knows how long one is good for.
    """
    held = subscriptions.held_by(customer)
    if held is None or not held.provider_customer_id:
        raise PortalUnavailable
    try:
        return wiring.creem().customer_portal(held.provider_customer_id)
    except ProviderError as failure:
        raise PortalUnavailable from failure


def due() -> list[int]:
    """Return the subscriptions with a wish that its provider is to be told now, and not too many."""
    return list(Subscription.objects.to_carry_out().values_list("pk", flat=True)[:AT_ONCE])


def silent() -> list[int]:
    """Return the subscriptions that the provider is to be asked about now, and not too many."""
    return list(Subscription.objects.to_ask_about().values_list("pk", flat=True)[:AT_ONCE])


def carry_out(subscription_pk: int) -> None:
    """Tell the provider the wish that stands, unless somebody is at it; a failure is tried again later."""
    subscription = _take(subscription_pk)
    if subscription is None:
        return
    told = Wish(subscription.wish)
    try:
        fact = _tell(subscription, told)
    except NotKnownThere:
        _forget(subscription_pk)
        return
    except ProviderError as failure:
        _note_failure(subscription_pk, failure)
        return
    _note_done(subscription_pk, told, fact)


def ask(subscription_pk: int) -> int | None:
    """Ask the provider about a subscription that is due; return the order that is to be delivered for it."""
    subscription = _take_silent(subscription_pk)
    if subscription is None:
        return None
    try:
        fact = wiring.creem().get_subscription(subscription.provider_subscription_id)
    except ProviderError:
        return None
    order = _apply(fact)
    return order.pk if order is not None and order.deliver_at is not None else None


def _held(customer: Customer) -> Subscription | None:
    return subscriptions.held_by(subscriptions.lock(customer.pk))


def _record(held: Subscription, wish: Subscription.Wish) -> int:
    held.wish, held.wish_at, held.wish_attempts, held.wish_error = wish, timezone.now(), 0, ""
    held.save(update_fields=["wish", "wish_at", "wish_attempts", "wish_error"])
    return held.pk


@transaction.atomic(durable=True)
def _take(subscription_pk: int) -> Subscription | None:
    """Count a try and set the next one before it is made, so that a worker that dies needs nobody."""
    due = Subscription.objects.to_carry_out().select_for_update(skip_locked=True, of=("self",))
    subscription = due.filter(pk=subscription_pk).first()
    if subscription is not None:
        pause = min(FIRST_PAUSE * 2 ** min(subscription.wish_attempts, _MOST_DOUBLINGS), LONGEST_PAUSE)
        subscription.wish_attempts = min(subscription.wish_attempts + 1, _LARGEST_COUNT)
        subscription.wish_at = timezone.now() + pause
        subscription.save(update_fields=["wish_attempts", "wish_at"])
    return subscription


@transaction.atomic(durable=True)
def _take_silent(subscription_pk: int) -> Subscription | None:
    due = Subscription.objects.to_ask_about().select_for_update(skip_locked=True, of=("self",))
    subscription = due.filter(pk=subscription_pk).first()
    if subscription is not None:
        age = timezone.now() - subscription.ends_at
        subscription.ask_at = timezone.now() + max(subscriptions.SILENCE, age / 4)
        subscription.save(update_fields=["ask_at"])
    return subscription


def _tell(subscription: Subscription, wish: Subscription.Wish) -> Fact:
    creem, named = wiring.creem(), subscription.provider_subscription_id
    match wish:
        case Wish.RESUME:
            return creem.resume_subscription(named)
        case _:
            return creem.cancel_subscription(named, at_once=wish is Wish.CANCEL_NOW)


@transaction.atomic(durable=True)
def _note_done(subscription_pk: int, told: Subscription.Wish, fact: Fact) -> None:
    """Act on what the provider answered, and drop the wish, unless another has come meanwhile.

    In this order: whoever acts on a fact locks the customer before the subscription.
    """
    payments.apply(fact)
    Subscription.objects.filter(pk=subscription_pk, wish=told).update(
        wish=Wish.NOTHING, wish_at=None, wish_error=""
    )


@transaction.atomic(durable=True)
def _forget(subscription_pk: int) -> None:
    """Write down that the provider has no such subscription: nothing can be charged for it any more."""
    subscriptions.lock(Subscription.objects.get(pk=subscription_pk).customer_id)
    gone = Subscription.objects.select_related("customer", "plan").get(pk=subscription_pk)
    gone.state, gone.wish, gone.wish_at = State.CANCELLED, Wish.NOTHING, None
    subscriptions.settle(gone)
    subscriptions.end_what_ran_out(gone.customer)


@transaction.atomic(durable=True)
def _note_failure(subscription_pk: int, failure: ProviderError) -> None:
    error = f"{type(failure).__name__}, status {failure.status}"
    Subscription.objects.filter(pk=subscription_pk).update(wish_error=error)


@transaction.atomic(durable=True)
def _apply(fact: Fact) -> Order | None:
    applied = payments.apply(fact)
    return applied.order if applied.outcome is InboxEvent.Outcome.APPLIED else None
