"""Issuing a batch: ordered at once, then made chunk by chunk, each chunk whole or not at all."""

from collections.abc import Iterator, Sequence

from django.db import connection, transaction

from accounts.models import User
from accounts.services import keyed_hash, sealing
from redemption.models import Batch, Chunk
from redemption.services import code_text, liability
from redemption.services.code_text import CodeText

# Small enough that progress shows and a crash costs little, large enough that the commits do not.
CHUNK_SIZE = 5_000
BLOCK_SIZE = 250

_COPY_CODES = """
    COPY redemption_code (batch_id, value_nano_usd, state, pepper_version, code_hash, last_four) FROM STDIN
"""


def order_batch(batch: Batch, *, issued_by: User) -> Batch:
    """Order the codes that an unsaved ``batch`` describes; `issue_next_chunk` makes them.

    An order that breaks a rule of the table raises ValidationError.
    """
    batch.issued_by = issued_by
    batch.full_clean()
    batch.save(force_insert=True)
    return batch


@transaction.atomic(durable=True)
def issue_next_chunk(batch_pk: int) -> bool:
    """Issue some more codes of a batch, and tell whether there may be more for the caller to do.

    Codes, sealed plaintext, liability and count are committed together, under the batch's row lock: however
    often this is called, and by how many workers, no code is lost or made twice. A batch that another worker
    has in hand, or that was voided, is left alone.
    """
    batch = (
        Batch.objects.select_for_update(skip_locked=True)
        .filter(pk=batch_pk, state=Batch.State.ISSUING)
        .first()
    )
    if batch is None:
        return False
    codes = code_text.generate(min(CHUNK_SIZE, batch.count - batch.issued_count))
    chunk = Chunk(batch=batch, number=batch.chunks.count() + 1, size=len(codes))
    chunk.sealed_codes = sealing.seal("\n".join(codes).encode(), context=chunk.seal_context)
    chunk.save(force_insert=True)
    _store_hashes(batch, codes)
    liability.take_on(chunk)
    batch.issued_count += chunk.size
    if batch.issued_count == batch.count:
        batch.state = Batch.State.READY
    batch.save(update_fields=["issued_count", "state"])
    return batch.state == Batch.State.ISSUING


def _store_hashes(batch: Batch, codes: Sequence[CodeText]) -> None:
    """Copy the rows in blocks: the server stores one while the next is hashed here."""
    with connection.cursor() as cursor, cursor.copy(_COPY_CODES) as copy:
        for start in range(0, len(codes), BLOCK_SIZE):
            copy.write("".join(_rows(batch, codes[start : start + BLOCK_SIZE])))


def _rows(batch: Batch, codes: Sequence[CodeText]) -> Iterator[str]:
    """Yield rows as COPY reads them: a million of them leave no time for an ORM."""
    shared = f"{batch.pk}\t{batch.value_nano_usd}\tlive"
    for code in codes:
        kept = keyed_hash.digest(keyed_hash.CODE, code)
        yield f"{shared}\t{kept.version}\t\\\\x{kept.value.hex()}\t{code[-4:]}\n"
