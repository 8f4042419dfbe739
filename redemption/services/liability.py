"""What the shop owes for live codes: taken into the books when codes are made, given back when they lapse.

Codes of plans owe nothing: what they give comes out of the plans when they are redeemed.
"""

from ledger.models import Entry
from ledger.money import NanoUSD
from ledger.services import entries
from ledger.services.entries import Movement, Place
from redemption.models import Batch, Chunk, Code

_KINDS = {Code.State.VOIDED: Entry.Kind.CODES_VOIDED, Code.State.EXPIRED: Entry.Kind.CODES_EXPIRED}


def take_on(chunk: Chunk) -> None:
    """Post what the codes of a new chunk are worth, once per chunk."""
    if chunk.batch.is_of_plan:
        return
    entries.post(
        reference=f"batch:{chunk.batch_id}:chunk:{chunk.number}",
        kind=Entry.Kind.CODES_ISSUED,
        movements=[Movement(_origin(chunk.batch), entries.CODES, _worth(chunk.batch, chunk.size))],
        made_by=chunk.batch.issued_by,
    )


def give_back(batch: Batch, count: int, *, first_code_id: int, state: Code.State) -> None:
    """Post back what ``count`` codes were worth that lapsed together; the first of them names the entry.

    A code lapses once, so no two entries can share the name.
    """
    if batch.is_of_plan:
        return
    entries.post(
        reference=f"batch:{batch.pk}:{state}:{first_code_id}",
        kind=_KINDS[state],
        movements=[Movement(entries.CODES, _origin(batch), _worth(batch, count))],
        made_by=batch.voided_by if state == Code.State.VOIDED else None,
    )


def _origin(batch: Batch) -> Place:
    if batch.is_sold:
        return entries.cash(batch.sold_through)
    return entries.PROMOTION if batch.price is None else entries.cash("manual")


def _worth(batch: Batch, count: int) -> NanoUSD:
    return NanoUSD(count * batch.value_nano_usd)
