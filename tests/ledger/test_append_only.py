"""What the books have said is never unsaid: the database itself refuses."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.utils import timezone

from ledger.models import Entry, LanguageModel, Lot, Posting, Rate, UsageRecord
from ledger.services import holds
from tests.factories import ledger as make

pytestmark = pytest.mark.django_db

JOURNALS = [Entry, Posting, Lot, Rate, UsageRecord]


@pytest.fixture(autouse=True)
def written(model: LanguageModel) -> None:
    """Write a row into each journal."""
    request = make.call(make.spender(wallet=1_000), model)
    holds.reserve([request])
    holds.settle([make.report(request)])


@pytest.mark.parametrize("journal", JOURNALS)
def test_a_row_is_never_deleted(journal: type[Model]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        journal._default_manager.all()._raw_delete("default")

    assert journal._default_manager.exists()


@pytest.mark.parametrize(
    ("journal", "change"),
    [
        (Entry, {"note": "something else"}),
        (Posting, {"amount_nano_usd": 1}),
        (Lot, {"amount_nano_usd": 1}),
        (Rate, {"input_nano_usd_per_million": 1_000_001}),
        (UsageRecord, {"wallet_nano_usd": 1}),
        (UsageRecord, {"wallet_nano_usd": 1, "late_at": timezone.now()}),
    ],
)
def test_a_row_is_never_changed(journal: type[Model], change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        journal._default_manager.update(**change)


def test_a_late_settlement_is_marked_once(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model, lifetime_seconds=0)
    holds.reserve([request])
    holds.expire_due()
    expired = UsageRecord.objects.filter(pk=request.request_id)
    expired.update(late_at=timezone.now())

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        expired.update(late_at=None)


@pytest.mark.parametrize(
    "facts",
    [{"late_at": timezone.now()}, {"outcome": "lost"}, {"uncharged_nano_usd": -1}, {"output_tokens": -1}],
)
def test_the_journal_takes_no_row_that_makes_no_sense(facts: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="violates check constraint"), transaction.atomic():
        _copy_of_the_row(**facts)


@pytest.mark.parametrize("mark", [{"is_free": True}, {"outcome": "expired"}])
def test_what_costs_nothing_costs_nothing(mark: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="costs_nothing"), transaction.atomic():
        _copy_of_the_row(**mark)


def _copy_of_the_row(**facts: Any) -> None:
    row = UsageRecord.objects.get()
    for name, value in {"at": timezone.now(), **facts}.items():
        setattr(row, name, value)
    row.save(force_insert=True)
