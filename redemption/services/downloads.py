"""The one download of a batch: its codes leave as a file, and after the last byte nobody can read them.

A lease keeps others out meanwhile. It is renewed with every chunk and names its holder: whoever let it run
out and lost it to another cannot go on.
"""

from collections.abc import Generator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.services import sealing
from redemption.errors import (
    BatchAlreadyDownloaded,
    BatchBeingDownloaded,
    BatchNotReady,
    BatchSold,
    BatchVoided,
    RedemptionError,
)
from redemption.models import Batch, Chunk
from redemption.services.code_files import CodeFile
from redemption.services.code_text import CodeText

# The longest that one chunk may take on its way to a slow reader.
LEASE = timedelta(seconds=60)


def start(batch: Batch, code_file: CodeFile, *, by: User) -> Generator[str, None, None]:
    """Take the lease of ``batch`` and return its codes, in parts, for the caller to hand over one by one.

    When the parts have been read to their end, the download counts: the plaintext is blanked and ``by`` is on
    record. When they are closed before, it does not count and may be repeated. Raises BatchNotReady,
    BatchAlreadyDownloaded, BatchBeingDownloaded, BatchSold or BatchVoided.
    """
    lease = timezone.now() + LEASE
    if not Batch.objects.free_to_download().filter(pk=batch.pk).update(download_lease_until=lease):
        raise _why_not(batch)
    return _parts(batch, code_file, lease, by)


def _why_not(batch: Batch) -> RedemptionError:
    batch.refresh_from_db(fields=["state"])
    match batch.state:
        case Batch.State.ISSUING:
            return BatchNotReady()
        case Batch.State.DOWNLOADED:
            return BatchAlreadyDownloaded()
        case Batch.State.SOLD:
            return BatchSold()
        case Batch.State.VOIDING | Batch.State.VOIDED:
            return BatchVoided()
        case _:
            return BatchBeingDownloaded()


def _parts(batch: Batch, code_file: CodeFile, lease: datetime, by: User) -> Generator[str, None, None]:
    try:
        yield code_file.first_line(batch)
        for number in batch.chunks.order_by("number").values_list("number", flat=True):
            lease = _renew(batch, lease)
            yield code_file.lines(batch, _unsealed(batch.chunks.get(number=number)))
        _finish(batch, lease, by)
    finally:
        Batch.objects.leased(batch.pk, until=lease).update(download_lease_until=None)


def _renew(batch: Batch, lease: datetime) -> datetime:
    renewed = timezone.now() + LEASE
    if not Batch.objects.leased(batch.pk, until=lease).update(download_lease_until=renewed):
        raise BatchBeingDownloaded
    return renewed


def _unsealed(chunk: Chunk) -> list[CodeText]:
    plaintext = sealing.unseal(bytes(chunk.sealed_codes or b""), context=chunk.seal_context)
    return [CodeText(code) for code in plaintext.decode().split("\n")]


@transaction.atomic(durable=True)
def _finish(batch: Batch, lease: datetime, by: User) -> None:
    finished = Batch.objects.leased(batch.pk, until=lease).update(
        state=Batch.State.DOWNLOADED, downloaded_at=Now(), downloaded_by=by, download_lease_until=None
    )
    if not finished:
        raise BatchBeingDownloaded
    batch.chunks.update(sealed_codes=None)
