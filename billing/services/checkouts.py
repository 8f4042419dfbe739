"""Checkouts: the provider's page that an order is paid on, and what has become of it there.

The provider is asked between two transactions, never in one: the order is committed before, what came of it
is recorded after.
"""

from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from billing.errors import CheckoutUnavailable
from billing.models import InboxEvent, Order, OrderStep, Provider
from billing.providers.errors import ProviderError, ProviderUnavailable, Reason
from billing.providers.protocol import CheckoutState, CheckoutStatus, NewCheckout
from billing.services import asking, coin_questions, orders, payments, wiring

State = Order.State
Step = OrderStep.Kind

_LONGEST_ID, _LONGEST_URL = 80, 500


def open_page(order: Order) -> str:
    """Return the address of the page where ``order`` is paid; it is PENDING from then on.

    The provider is asked once, and never again once it has answered: however often this is called, the order
    has one page, and a paid one without leads home. When it answers nothing of use, CheckoutUnavailable is
    raised, and it may be tried again.
    """
    order = Order.objects.get(pk=order.pk)
    if order.checkout_url or order.is_paid:
        return order.checkout_url or asking.order_url(order)
    try:
        checkout = _storable(wiring.provider(order.provider).create_checkout(asking.request(order)))
    except ProviderError as failure:
        _record_failure(order, failure)
        raise CheckoutUnavailable from failure
    return _record_page(order, checkout)


def take_due() -> int | None:
    """Take the order that waits longest to be asked about, and set its next time; None when none is due.

    Two sweeps never take the same order. Whatever becomes of the asking, the next time stands.
    """
    with transaction.atomic(durable=True):
        order = Order.objects.to_ask_about().select_for_update(skip_locked=True).first()
        if order is None:
            return None
        now = timezone.now()
        order.ask_at = asking.next_time(order, now) or now + timedelta(days=1)
        order.save(update_fields=["ask_at"])
        return order.pk


def ask(order_pk: int) -> Order:
    """Ask the provider what has become of an unpaid order's checkout, act on it, and return the order.

    A payment is recorded as its webhook would have been. When no usable answer comes, nothing changes: the
    order is asked about again at its time. Nothing of the provider's is raised.
    """
    order = Order.objects.get(pk=order_pk)
    if order.is_paid or not _can_be_asked_about(order):
        return order
    try:
        answer = _answer_about(order)
    except ProviderUnavailable:
        return order
    except ProviderError as refusal:
        orders.note(order, Step.ASKED, f"{type(refusal).__name__}, status {refusal.status}")
        _wait_on(order)
    else:
        _act_on(order, answer)
    return Order.objects.get(pk=order_pk)


def _can_be_asked_about(order: Order) -> bool:
    return bool(order.checkout_id) or order.provider == Provider.NOWPAYMENTS


def _answer_about(order: Order) -> CheckoutState:
    if order.provider == Provider.NOWPAYMENTS:  # what its coins tell is acted on, one by one
        return CheckoutState(id=order.checkout_id, status=coin_questions.ask(order), fact=None)
    return wiring.provider(order.provider).get_checkout(order.checkout_id)


def _storable(checkout: NewCheckout) -> NewCheckout:
    if len(checkout.id) > _LONGEST_ID or len(checkout.url) > _LONGEST_URL:
        raise ProviderUnavailable(operation="checkout", reason=Reason.GARBLED)
    return checkout


@transaction.atomic(durable=True)
def _record_page(order: Order, checkout: NewCheckout) -> str:
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.checkout_url:  # somebody else was quicker, and may have sent the buyer there
        return order.checkout_url
    order.checkout_id, order.checkout_url = checkout.id, checkout.url
    if not order.is_paid:  # a webhook can be quicker, too
        order.state = State.PENDING
        order.ask_at = asking.next_time(order, timezone.now())
    order.save(update_fields=["checkout_id", "checkout_url", "state", "ask_at"])
    orders.note(order, Step.CHECKOUT_OPENED, checkout.id)
    return checkout.url


@transaction.atomic(durable=True)
def _record_failure(order: Order, failure: ProviderError) -> None:
    Order.objects.filter(pk=order.pk, state=State.CREATED).update(state=State.FAILED)
    orders.note(order, Step.CHECKOUT_FAILED, f"{type(failure).__name__}, status {failure.status}")


def _act_on(order: Order, answer: CheckoutState) -> None:
    match answer.status:
        case CheckoutStatus.OPEN:
            _wait_on(order)
        case CheckoutStatus.EXPIRED:
            _expire(order, "at the provider")
        case CheckoutStatus.COMPLETED:
            _complete(order, answer)


@transaction.atomic(durable=True)
def _complete(order: Order, answer: CheckoutState) -> None:
    if answer.fact is None:
        return
    # It is about this order, whether it says so or not.
    fact = replace(answer.fact, reference=answer.fact.reference or order.reference)
    outcome = payments.apply(fact).outcome
    orders.note(order, Step.ASKED, f"completed: {outcome.value if outcome else 'unknown order'}")
    if outcome is InboxEvent.Outcome.REVIEW:  # a person decides now, and not the provider's next answer
        Order.objects.filter(pk=order.pk, state__in=Order.UNPAID).update(ask_at=None)


def _wait_on(order: Order) -> None:
    next_time = asking.next_time(order, timezone.now())
    if next_time is None:
        _expire(order, "never paid")
    else:
        Order.objects.filter(pk=order.pk, state=State.PENDING).update(ask_at=next_time)


@transaction.atomic(durable=True)
def _expire(order: Order, detail: str) -> None:
    ended = Order.objects.filter(pk=order.pk, state=State.PENDING).update(state=State.EXPIRED, ask_at=None)
    if ended:
        orders.note(order, Step.CHECKOUT_EXPIRED, detail)
