"""A batch is downloaded once: whole, by one person, and never again."""

from collections import Counter
from datetime import timedelta
from itertools import islice

import pytest
from django.utils import timezone

from accounts.errors import SealBroken
from accounts.models import User
from redemption.errors import BatchAlreadyDownloaded, BatchBeingDownloaded, BatchNotReady, BatchVoided
from redemption.models import Batch
from redemption.services import code_text, codes, downloads, issuing, proof
from redemption.services.code_files import CSV, TXT
from tests.factories.accounts import StaffFactory
from tests.factories.redemption import BatchFactory, codes_of, issued_batch
from tests.together import together


@pytest.fixture
def staff(db: None) -> User:
    return StaffFactory.create()


@pytest.fixture
def batch(db: None, monkeypatch: pytest.MonkeyPatch) -> Batch:
    monkeypatch.setattr(issuing, "CHUNK_SIZE", 10)
    return issued_batch(count=25)


def test_a_download_hands_over_every_code_in_the_order_of_issue(batch: Batch, staff: User) -> None:
    expected = [code_text.grouped(code) for code in codes_of(batch)]

    text = "".join(downloads.start(batch, TXT, by=staff))

    assert text.splitlines() == expected


def test_after_the_last_byte_nobody_can_read_the_codes_any_more(batch: Batch, staff: User) -> None:
    parts = downloads.start(batch, CSV, by=staff)

    assert len(list(parts)) == 4  # the first line and three chunks

    batch.refresh_from_db()
    assert (batch.state, batch.downloaded_by, batch.download_lease_until) == ("downloaded", staff, None)
    assert batch.downloaded_at is not None
    assert set(batch.chunks.values_list("sealed_codes", flat=True)) == {None}
    assert proof.discrepancies() == []


def test_until_the_reader_took_the_last_part_the_codes_stay(batch: Batch, staff: User) -> None:
    parts = downloads.start(batch, TXT, by=staff)

    taken = list(islice(parts, 4))

    batch.refresh_from_db()
    assert len(taken) == 4
    assert batch.state == Batch.State.READY
    assert len(codes_of(batch)) == 25


def test_a_broken_download_does_not_count_and_can_be_repeated_at_once(batch: Batch, staff: User) -> None:
    broken = downloads.start(batch, TXT, by=staff)
    next(broken)
    broken.close()

    text = "".join(downloads.start(batch, TXT, by=staff))

    assert len(text.splitlines()) == 25


def test_a_second_download_is_refused(batch: Batch, staff: User) -> None:
    list(downloads.start(batch, TXT, by=staff))

    with pytest.raises(BatchAlreadyDownloaded):
        downloads.start(batch, TXT, by=staff)


@pytest.mark.django_db
def test_a_batch_that_is_still_being_issued_is_refused(staff: User) -> None:
    with pytest.raises(BatchNotReady):
        downloads.start(BatchFactory.create(), TXT, by=staff)


def test_a_batch_that_is_being_voided_is_refused(batch: Batch, staff: User) -> None:
    codes.void_batch(batch, voided_by=staff)

    with pytest.raises(BatchVoided):
        downloads.start(batch, TXT, by=staff)


def test_a_void_batch_is_refused(batch: Batch, staff: User) -> None:
    codes.void_batch(batch, voided_by=staff)
    codes.finish_voiding(batch.pk)

    with pytest.raises(BatchVoided):
        downloads.start(batch, TXT, by=staff)


def test_while_somebody_downloads_nobody_else_can(batch: Batch, staff: User) -> None:
    downloads.start(batch, TXT, by=staff)

    with pytest.raises(BatchBeingDownloaded):
        downloads.start(batch, TXT, by=staff)


def test_a_download_that_died_gives_way_when_its_lease_ends(batch: Batch, staff: User) -> None:
    downloads.start(batch, TXT, by=staff)
    let_the_lease_end(batch)

    text = "".join(downloads.start(batch, TXT, by=staff))

    assert len(text.splitlines()) == 25


def test_who_lost_the_lease_cannot_go_on_and_does_not_disturb_who_has_it(batch: Batch, staff: User) -> None:
    slow = downloads.start(batch, TXT, by=staff)
    next(slow)
    let_the_lease_end(batch)
    quick = downloads.start(batch, TXT, by=staff)

    with pytest.raises(BatchBeingDownloaded):
        next(slow)

    assert len("".join(quick).splitlines()) == 25


def test_who_lost_the_lease_at_the_very_end_blanks_nothing(batch: Batch, staff: User) -> None:
    slow = downloads.start(batch, TXT, by=staff)
    list(islice(slow, 4))
    let_the_lease_end(batch)
    downloads.start(batch, TXT, by=staff)

    with pytest.raises(BatchBeingDownloaded):
        next(slow)

    assert len(codes_of(batch)) == 25


def test_every_chunk_renews_the_lease(batch: Batch, staff: User) -> None:
    parts = downloads.start(batch, TXT, by=staff)
    first_lease = Batch.objects.values_list("download_lease_until", flat=True).get()

    list(islice(parts, 2))

    assert Batch.objects.filter(download_lease_until__gt=first_lease).exists()


def test_voiding_stops_a_download(batch: Batch, staff: User) -> None:
    parts = downloads.start(batch, TXT, by=staff)
    next(parts)
    codes.void_batch(batch, voided_by=staff)

    with pytest.raises(BatchBeingDownloaded):
        next(parts)


def test_a_blanked_chunk_stays_shut(batch: Batch, staff: User) -> None:
    batch.chunks.update(sealed_codes=None)

    with pytest.raises(SealBroken):
        list(downloads.start(batch, TXT, by=staff))


def test_chunks_that_changed_places_stay_shut(batch: Batch, staff: User) -> None:
    first, second, _third = batch.chunks.order_by("number")
    batch.chunks.filter(pk=first.pk).update(sealed_codes=second.sealed_codes)

    with pytest.raises(SealBroken):
        list(downloads.start(batch, TXT, by=staff))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_download_at_once_one_gets_the_codes() -> None:
    batch, staff = issued_batch(count=25), StaffFactory.create()

    outcomes = together(16, lambda _: "".join(downloads.start(batch, TXT, by=staff)))

    counted = Counter(type(outcome) for outcome in outcomes)
    assert counted[str] == 1
    assert counted[BatchBeingDownloaded] + counted[BatchAlreadyDownloaded] == 15


def let_the_lease_end(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(download_lease_until=timezone.now() - timedelta(microseconds=1))
