"""Refunds that a provider makes for us: asked for once, and asked about until their end is known.

The intent is committed long before. A request whose answer never came may have been done: so the transaction
is looked at before each request, and nothing is asked for twice.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from billing.models import Refund
from billing.providers.creem.answers import Transaction, TransactionStatus
from billing.providers.errors import ProviderError, ProviderRefused
from billing.providers.facts import RefundState
from billing.services import refunds, wiring

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
# From then on a person is told that it does not go through; it is tried all the same.
ASKS_TO_REPORT = 8
AT_ONCE = 100
_MOST_DOUBLINGS = 10


def due() -> list[int]:
    """Return the refunds that the provider is to be asked for or about now."""
    return list(Refund.objects.to_ask_about().values_list("pk", flat=True)[:AT_ONCE])


def ask(refund_pk: int) -> None:
    """Ask the provider for a refund, or what became of it, if that is due; it is asked again until it ends.

    Raises nothing of the provider's: what went wrong is kept with the refund, and a person is told in time.
    """
    refund = _begin(refund_pk)
    if refund is None:
        return
    try:
        _ask(refund)
    except ProviderError as failure:
        log.warning("refund %s is not done yet: %s", refund.pk, failure)
        _note(refund, failure)


def _ask(refund: Refund) -> None:
    found = _transaction_of(refund)
    if found is not None and found.status is TransactionStatus.REFUNDED:
        _conclude(refund.pk, RefundState.SUCCEEDED)
    elif refund.accepted_at is None and not (found is not None and found.refunded_cents):
        _conclude(refund.pk, wiring.creem().refund(refund.payment.transaction_id))


def _transaction_of(refund: Refund) -> Transaction | None:
    order_id = refund.order.provider_order_id
    every = wiring.creem().search_transactions(order_id=order_id)
    return next((each for each in every if each.id == refund.payment.transaction_id), None)


@transaction.atomic(durable=True)
def _begin(refund_pk: int) -> Refund | None:
    """Set the next try of a refund that is due, and return it; None if there is nothing to do."""
    waiting = Refund.objects.to_ask_about().select_for_update(skip_locked=True)
    refund = waiting.filter(pk=refund_pk).first()
    if refund is not None:
        pause = min(FIRST_PAUSE * (1 << min(refund.asks, _MOST_DOUBLINGS)), LONGEST_PAUSE)
        refund.asks += 1
        refund.ask_at = timezone.now() + pause
        refund.save(update_fields=["asks", "ask_at"])
    return refund


@transaction.atomic(durable=True)
def _conclude(refund_pk: int, state: RefundState) -> None:
    """Write down what the provider says of a refund, unless its event was quicker."""
    refunds.lock(Refund.objects.values_list("order", flat=True).get(pk=refund_pk))
    refund = Refund.objects.get(pk=refund_pk)
    if refund.state != Refund.State.AWAITING:
        return
    match state:
        case RefundState.SUCCEEDED:
            refunds.end(refund)
        case RefundState.FAILED:
            refunds.fail(refund, why="the provider says so")
            refunds.report(refund, detail="the provider could not give the money back")
        case RefundState.PENDING:
            Refund.objects.filter(pk=refund_pk).update(accepted_at=timezone.now(), last_error="")


@transaction.atomic(durable=True)
def _note(refund: Refund, failure: ProviderError) -> None:
    refunds.lock(refund.order_id)
    Refund.objects.filter(pk=refund.pk).update(last_error=str(failure)[:300])
    if isinstance(failure, ProviderRefused) or refund.asks >= ASKS_TO_REPORT:
        refunds.report(refund, detail="the provider does not make the refund; it is asked again")
