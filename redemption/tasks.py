"""What workers do for the redemption room. Messages carry row ids only, and every task may run twice."""

from celery import shared_task

from redemption.models import Batch
from redemption.services import codes, issuing


@shared_task
def issue_batch(batch_pk: int) -> None:
    """Issue a batch to its end, or until it is voided or another worker has it in hand."""
    while issuing.issue_next_chunk(batch_pk):
        pass


@shared_task
def void_codes(batch_pk: int) -> None:
    """Close the codes of a batch that was voided."""
    codes.finish_voiding(batch_pk)


@shared_task
def sweep_batches() -> None:
    """Nudge again whatever a lost message or a dead worker left half done."""
    for batch in Batch.objects.unfinished():
        task = issue_batch if batch.state == Batch.State.ISSUING else void_codes
        task.delay(batch.pk)


@shared_task
def expire_codes() -> None:
    """Close the codes whose time is over."""
    codes.expire_due()
