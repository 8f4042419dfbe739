"""Codes are made chunk by chunk: each chunk whole, each code once, whatever happens to the worker."""

from datetime import timedelta
from decimal import Decimal
from itertools import takewhile

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.services import keyed_hash
from ledger.models import Entry
from redemption.models import Batch, Chunk, Code
from redemption.services import codes, issuing, liability, proof
from tests.factories.accounts import StaffFactory
from tests.factories.redemption import BatchFactory, codes_of, issued_batch
from tests.redemption import books
from tests.together import together

USD = 1_000_000_000
SOLD = {"paid_amount": Decimal(8), "paid_currency": "CNY", "paid_units_per_usd": Decimal(8)}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "CHUNK_SIZE", 10)


@pytest.mark.django_db
def test_an_order_waits_to_be_issued_and_says_who_ordered() -> None:
    staff = StaffFactory.create()

    batch = issuing.order_batch(Batch(name="spring", count=5, value_nano_usd=USD), issued_by=staff)

    batch.refresh_from_db()
    assert (batch.state, batch.issued_count, batch.issued_by) == (Batch.State.ISSUING, 0, staff)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 1_000_001},
        {"value_nano_usd": 0},
        {"count": 1_000_000, "value_nano_usd": 10**13},
        {"paid_amount": Decimal(8)},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"name": ""},
    ],
    ids=["no codes", "too many", "worthless", "beyond the books", "half a price", "expired", "nameless"],
)
def test_an_order_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    order = Batch(**{"name": "spring", "count": 5, "value_nano_usd": USD} | wrong)

    with pytest.raises(ValidationError):
        issuing.order_batch(order, issued_by=StaffFactory.create())

    assert not Batch.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("small_chunks")
def test_chunks_follow_one_another_until_the_batch_is_ready() -> None:
    batch = BatchFactory.create(count=25)

    answers = [issuing.issue_next_chunk(batch.pk) for _ in range(4)]

    batch.refresh_from_db()
    assert answers == [True, True, False, False]
    assert (batch.state, batch.issued_count) == (Batch.State.READY, 25)
    assert list(batch.chunks.order_by("number").values_list("number", "size")) == [(1, 10), (2, 10), (3, 5)]
    assert len(set(codes_of(batch))) == batch.codes.count() == 25


@pytest.mark.django_db
def test_a_code_keeps_its_hash_and_its_terms_and_nothing_that_reads_it() -> None:
    batch = issued_batch(count=1, value_nano_usd=123)

    code = Code.objects.get()

    text = codes_of(batch)[0]
    hashed = keyed_hash.digest(keyed_hash.CODE, text)
    assert (bytes(code.code_hash), code.pepper_version) == (hashed.value, hashed.version)
    assert (code.last_four, code.value_nano_usd) == (text[-4:], 123)
    assert (code.state, code.redeemed_by, code.closed_at) == (Code.State.LIVE, None, None)
    assert text.encode() not in bytes(Chunk.objects.get().sealed_codes or b"")


@pytest.mark.django_db
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("price", "origin"), [({}, "promotion"), (SOLD, "cash:manual")], ids=["given", "sold"]
)
def test_each_chunk_posts_what_its_codes_are_worth(price: dict[str, object], origin: str) -> None:
    batch = issued_batch(count=15, value_nano_usd=2 * USD, **price)

    assert books.movements() == [
        (f"batch:{batch.pk}:chunk:1", origin, "codes", 20 * USD),
        (f"batch:{batch.pk}:chunk:2", origin, "codes", 10 * USD),
    ]
    assert set(Entry.objects.values_list("kind", "made_by")) == {("codes_issued", batch.issued_by_id)}
    assert proof.discrepancies() == []


@pytest.mark.django_db
def test_a_chunk_that_fails_at_its_last_step_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = BatchFactory.create()
    monkeypatch.setattr(liability, "take_on", refuse)

    with pytest.raises(DatabaseError):
        issuing.issue_next_chunk(batch.pk)

    batch.refresh_from_db()
    assert (batch.issued_count, batch.state) == (0, Batch.State.ISSUING)
    assert not Chunk.objects.exists()
    assert not Code.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_chunks")
def test_workers_that_share_a_batch_issue_each_code_once() -> None:
    batch = BatchFactory.create(count=195)

    together(8, lambda _: issue_for_long(batch))

    batch.refresh_from_db()
    assert batch.state == Batch.State.READY
    assert len(set(codes_of(batch))) == batch.codes.count() == 195
    assert books.held_for_codes() == 195 * USD
    assert proof.discrepancies() == []


@pytest.mark.django_db(transaction=True)
def test_a_batch_in_the_hands_of_one_worker_is_left_alone_by_another() -> None:
    batch = BatchFactory.create()
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)

        [answer] = together(1, lambda _: issue_impatiently(batch))

    assert answer is False
    assert not Code.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("small_chunks")
def test_a_void_batch_issues_nothing_more() -> None:
    batch = BatchFactory.create(count=25)
    issuing.issue_next_chunk(batch.pk)
    codes.void_batch(batch, voided_by=StaffFactory.create())

    answer = issuing.issue_next_chunk(batch.pk)

    assert answer is False
    assert batch.codes.count() == 10


def issue_for_long(batch: Batch) -> None:
    """Go on as sweeps do: to be sent away once does not mean that the batch is ready."""
    unfinished = Batch.objects.unfinished().filter(pk=batch.pk)
    for _ in takewhile(lambda _: unfinished.exists(), range(1_000)):
        issuing.issue_next_chunk(batch.pk)


def issue_impatiently(batch: Batch) -> bool:
    """Issue as a worker that fails rather than waits."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '1s'")
    return issuing.issue_next_chunk(batch.pk)


def refuse(_chunk: Chunk) -> None:
    raise DatabaseError
