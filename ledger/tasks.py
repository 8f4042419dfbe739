"""What the ledger does by itself, on the clock. Each may run twice or late without harm."""

import logging

from celery import shared_task
from django.utils import timezone

from ledger.services import debts, holds, journal, key_alerts, merging, proof

log = logging.getLogger(__name__)

HOLDS_AT_ONCE = 500


@shared_task
def expire_holds() -> None:
    """End every hold whose deadline has passed."""
    while holds.expire_due(limit=HOLDS_AT_ONCE) == HOLDS_AT_ONCE:
        pass


@shared_task
def prove_the_books() -> None:
    """Raise an alarm for everything in the books that does not add up."""
    with proof.snapshot():
        found = proof.discrepancies()
    for discrepancy in found:
        log.error("the books do not add up: %s, %s: %s", *discrepancy)


@shared_task
def prepare_journal_partitions() -> None:
    """Make the journal's partitions of the coming months."""
    journal.prepare_partitions()


@shared_task
def empty_merged_accounts() -> None:
    """Bring along what calls that were open during a merge have left on the merged account."""
    for account_pk in merging.to_empty():
        merging.follow(account_pk)


@shared_task
def pay_debts() -> None:
    """Pay what accounts owe with what their calls have released."""
    debts.pay_all()


@shared_task
def send_key_alerts() -> None:
    """Tell owners of keys which limits are spent to their mark."""
    key_alerts.raise_due(at=timezone.now())
    key_alerts.send_due()
