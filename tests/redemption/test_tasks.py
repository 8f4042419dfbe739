"""Tasks move batches forward, however often they run, and the sweep finds what was left behind."""

from datetime import timedelta

import pytest
from django.utils import timezone

from redemption import tasks
from redemption.models import Batch
from redemption.services import codes, issuing
from tests.factories.accounts import StaffFactory
from tests.factories.redemption import BatchFactory, issued_batch


@pytest.mark.django_db
def test_a_batch_is_issued_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "CHUNK_SIZE", 10)
    batch = BatchFactory.create(count=25)

    tasks.issue_batch(batch.pk)
    tasks.issue_batch(batch.pk)

    batch.refresh_from_db()
    assert (batch.state, batch.issued_count) == (Batch.State.READY, 25)


@pytest.mark.django_db
def test_the_codes_of_a_void_batch_are_closed() -> None:
    batch = issued_batch()
    codes.void_batch(batch, voided_by=StaffFactory.create())

    tasks.void_codes(batch.pk)

    batch.refresh_from_db()
    assert batch.state == Batch.State.VOIDED


@pytest.mark.django_db
def test_the_sweep_nudges_what_is_unfinished_and_nothing_else(sent: list[tuple[str, object]]) -> None:
    half_issued, half_void = BatchFactory.create(), issued_batch()
    issued_batch()
    codes.void_batch(half_void, voided_by=StaffFactory.create())

    tasks.sweep_batches()

    assert sent == [
        ("redemption.tasks.issue_batch", half_issued.pk),
        ("redemption.tasks.void_codes", half_void.pk),
    ]


@pytest.mark.django_db
def test_codes_expire_when_their_time_is_over() -> None:
    batch = issued_batch(expires_at=timezone.now() + timedelta(hours=1))
    Batch.objects.update(expires_at=timezone.now())

    tasks.expire_codes()

    assert set(batch.codes.values_list("state", flat=True)) == {"expired"}
