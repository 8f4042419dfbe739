"""The inbox: what providers tell us is stored first, and acted on afterwards, once.

`receive` is all that happens while the provider waits. `handle` acts on one stored event; it may be called
any number of times, at once, and be killed anywhere.
"""

import hashlib
import traceback
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from billing.models import InboxEvent, Order, OrderStep, Review
from billing.providers import facts
from billing.providers.errors import NotKnownThere, ProviderError
from billing.providers.facts import (
    CoinPayment,
    Disputed,
    Fact,
    PaymentSucceeded,
    Refunded,
    RefundState,
    SubscriptionChanged,
    Unknown,
)
from billing.providers.protocol import WebhookEvent
from billing.services import orders, payments, refund_facts, reviews, subscription_facts, wiring
from billing.services.outcomes import Applied

LONGEST_EVENT_ID, LONGEST_KIND = 160, 80
# An order is committed before its provider hears of it: a payment of an unknown one is somebody else's.
UNKNOWN_ORDER_PATIENCE = timedelta(hours=24)
_LONGEST_PAUSE_SECONDS = 3600
_MOST_DOUBLINGS = 12

_STORE = """
    INSERT INTO billing_inboxevent AS kept
           (provider, event_id, kind, body, sent_at, received_at, deliveries, handle_at, attempts, outcome,
            last_error)
    VALUES (%s, %s, %s, %s, %s, clock_timestamp(), 1, clock_timestamp(), 0, '', '')
    ON CONFLICT (provider, event_id) DO UPDATE SET deliveries = kept.deliveries + 1
    RETURNING id, handled_at IS NULL
"""


def receive(provider_name: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """Store a webhook as it came, committed on return; a repeated one is counted.

    Returns what to handle, or None when that is done already. Raises InvalidSignature for what the provider
    did not sign, and the database's error when nothing could be stored: then it has to come again.
    """
    event = wiring.provider(provider_name).read_webhook(body, headers)
    with transaction.atomic(durable=True):
        pass  # raises inside a transaction; the statement below is one by itself
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE, [provider_name, _event_id(event), event.kind[:LONGEST_KIND], body, event.sent_at]
        )
        [(event_pk, is_waiting)] = cursor.fetchall()
    return event_pk if is_waiting else None


def handle(event_pk: int) -> int | None:
    """Act on one stored event, unless that is done or another worker is at it.

    Returns the order that was paid by it and is now to be delivered. While a provider that has to be asked
    does not answer, and after an error, nothing is done and the event waits, each time longer; the error is
    kept with it and raised.
    """
    try:
        fact = _believed(event_pk)
        return _handle(event_pk, fact) if fact is not None else None
    except ProviderError as failure:
        _put_off(event_pk, f"{type(failure).__name__}, status {failure.status}")
        return None
    except Exception as fault:
        _put_off(event_pk, _place_of(fault))
        raise


def replay(event_pk: int) -> None:
    """Have an event handled again, as if it had just come. What it did stays done, and is not done twice."""
    InboxEvent.objects.filter(pk=event_pk).update(
        handled_at=None, outcome="", handle_at=timezone.now(), attempts=0, last_error=""
    )


def _event_id(event: WebhookEvent) -> str:
    if len(event.id) <= LONGEST_EVENT_ID:
        return event.id
    return f"sha256:{hashlib.sha256(event.id.encode()).hexdigest()}"


def _believed(event_pk: int) -> Fact | None:
    """Return what an event that waits tells, as it may be believed: some providers are asked for that."""
    event = InboxEvent.objects.filter(pk=event_pk, handled_at=None).first()
    if event is None:
        return None
    try:
        return wiring.provider(event.provider).confirm(bytes(event.body))
    except NotKnownThere:
        why = "the provider does not know it with our key"
        mode = facts.Mode(wiring.mode(event.provider).value)
        return Unknown(provider=event.provider, mode=mode, why=why, is_incomplete=True)


@transaction.atomic(durable=True)
def _handle(event_pk: int, fact: Fact) -> int | None:
    # Its body was read before the lock.
    waiting = InboxEvent.objects.select_for_update(skip_locked=True).filter(handled_at=None).defer("body")
    event = waiting.filter(pk=event_pk).first()
    if event is None:
        return None
    applied = payments.apply(fact, event=event)
    if applied.outcome is None:
        applied = _wait_for_order(event, fact, applied.order)
    if applied.outcome is not None:
        _close(event, applied)
    return applied.order.pk if applied.order and applied.outcome is InboxEvent.Outcome.APPLIED else None


def _wait_for_order(event: InboxEvent, fact: Fact, order: Order | None) -> Applied:
    """Put off what names an order or a payment that we do not know; a day later, money is for a person."""
    if timezone.now() - event.received_at < UNKNOWN_ORDER_PATIENCE:
        _put_off(event.pk, "There is no such order yet.")
        return Applied(None, None)
    if isinstance(fact, Disputed) or (isinstance(fact, Refunded) and fact.state is not RefundState.FAILED):
        return refund_facts.review(fact, order, event)
    paid = subscription_facts.payment_of(fact) if isinstance(fact, SubscriptionChanged) else fact
    if not isinstance(paid, PaymentSucceeded | CoinPayment) or not _is_about_money(paid):
        return Applied(InboxEvent.Outcome.KEPT, None)
    reviews.open(
        Review.Reason.UNKNOWN_ORDER,
        subject=f"{event.provider} {paid.transaction_id}",
        detail=f"named as {fact.reference or 'nothing'}",
        event=event,
    )
    return Applied(InboxEvent.Outcome.REVIEW, None)


def _is_about_money(fact: PaymentSucceeded | CoinPayment) -> bool:
    return isinstance(fact, PaymentSucceeded) or fact.arrived > 0


def _close(event: InboxEvent, applied: Applied) -> None:
    event.outcome = applied.outcome or ""
    event.order = applied.order
    event.handled_at, event.handle_at, event.last_error = timezone.now(), None, ""
    event.save(update_fields=["outcome", "order", "handled_at", "handle_at", "last_error"])
    if applied.order is not None:
        orders.note(applied.order, OrderStep.Kind.EVENT, f"{event.kind}: {event.outcome}")


def _put_off(event_pk: int, why: str) -> None:
    event = InboxEvent.objects.filter(pk=event_pk, handled_at=None).first()
    if event is None:
        return
    pause_seconds = min(2 ** min(event.attempts, _MOST_DOUBLINGS), _LONGEST_PAUSE_SECONDS)
    InboxEvent.objects.filter(pk=event_pk, handled_at=None).update(
        attempts=event.attempts + 1,
        handle_at=timezone.now() + timedelta(seconds=pause_seconds),
        last_error=why,
    )


def _place_of(fault: Exception) -> str:
    """Return where ``fault`` came from. Its message stays out: a database's quotes the row."""
    return "".join([*traceback.format_tb(fault.__traceback__), type(fault).__qualname__])
