"""Batches, ordered or issued, and the codes that only a test may read out of them."""

import factory

from accounts.services import sealing
from redemption.models import Batch
from redemption.services import issuing
from redemption.services.code_text import CodeText
from tests.factories.accounts import StaffFactory


class BatchFactory(factory.django.DjangoModelFactory[Batch]):
    """A batch that was ordered and of which nothing is issued yet."""

    class Meta:
        model = Batch

    name = factory.Sequence(lambda number: f"batch {number}")
    count = 3
    value_nano_usd = 1_000_000_000
    issued_by = factory.SubFactory(StaffFactory)


def issued_batch(**facts: object) -> Batch:
    """Return a batch whose codes are all issued."""
    batch = BatchFactory.create(**facts)
    while issuing.issue_next_chunk(batch.pk):
        pass
    batch.refresh_from_db()
    return batch


def codes_of(batch: Batch) -> list[CodeText]:
    """Return the plaintext codes of a batch that was not downloaded yet."""
    return [
        CodeText(code)
        for chunk in batch.chunks.order_by("number")
        for code in sealing.unseal(bytes(chunk.sealed_codes or b""), context=chunk.seal_context)
        .decode()
        .split("\n")
    ]


def new_code(**facts: object) -> CodeText:
    """Return the one code of a batch of its own."""
    return codes_of(issued_batch(count=1, **facts))[0]
