"""The journal's partitions: made before their months, and never in the way."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from ledger.models import LanguageModel, UsageRecord
from ledger.services import holds, journal, proof
from tests.factories import ledger as make
from tests.ledger.connections import conninfo
from tests.together import together

pytestmark = pytest.mark.django_db


def prepare(at: datetime, months_ahead: int = 0) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("select ledger_prepare_usage_partitions(%s, %s)", [months_ahead, at])
        return [name for (name,) in cursor.fetchall()]


def partition_of(record: UsageRecord) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select tableoid::regclass::text from ledger_usage where request_id = %s", [record.pk])
        [(name,)] = cursor.fetchall()
    return str(name)


def settled_at(at: datetime, model: LanguageModel) -> UsageRecord:
    request = make.call(make.spender(wallet=1_000), model)
    holds.reserve([request], at=at)
    holds.settle([make.report(request)], at=at)
    return UsageRecord.objects.get(pk=request.request_id)


@pytest.mark.parametrize(
    "at", [datetime(2031, 2, 1, tzinfo=UTC), datetime(2031, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)]
)
def test_a_call_goes_to_the_partition_of_its_month(model: LanguageModel, at: datetime) -> None:
    made = prepare(at, months_ahead=1)

    assert made == ["ledger_usage_2031_02", "ledger_usage_2031_03"]
    assert partition_of(settled_at(at, model)) == "ledger_usage_2031_02"
    assert proof.discrepancies() == []


def test_a_month_that_nobody_prepared_stops_no_call(model: LanguageModel) -> None:
    line = settled_at(datetime(2031, 2, 1, tzinfo=UTC), model)

    assert partition_of(line) == "ledger_usage_default"


def test_a_month_that_began_in_the_default_partition_stays_there(model: LanguageModel) -> None:
    began = datetime(2031, 2, 1, tzinfo=UTC)
    line = settled_at(began, model)

    made = prepare(began, months_ahead=1)

    assert made == ["ledger_usage_2031_03"]
    assert partition_of(line) == "ledger_usage_default"


def test_coming_months_are_prepared_once() -> None:
    this_month = timezone.now().astimezone(UTC)
    prepare(this_month, months_ahead=journal.MONTHS_AHEAD)

    assert journal.prepare_partitions() == []


@pytest.fixture
def passing_partitions(transactional_db: None) -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists ledger_usage_2031_02, ledger_usage_2031_03")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("passing_partitions")
def test_two_that_prepare_at_once_make_one_of_each() -> None:
    at = datetime(2031, 2, 1, tzinfo=UTC)

    made = together(4, lambda _: prepare(at, months_ahead=1))

    assert sorted(map(len, made)) == [0, 0, 0, 2]  # type: ignore[arg-type]  # lists, no errors


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("passing_partitions")
def test_a_journal_that_is_busy_for_long_is_left_alone() -> None:
    with psycopg.connect(conninfo()) as reader:
        reader.execute("lock table ledger_usage in access exclusive mode")
        with pytest.raises(DatabaseError, match="lock timeout"):
            journal.prepare_partitions()


def test_no_call_reads_the_journal_of_others(model: LanguageModel) -> None:
    """A plan that was made while the journal was empty must not read all of it for every batch."""
    caller = make.spender(wallet=100_000)
    for _ in range(5):
        calls = [make.call(caller, model) for _ in range(10)]
        before = journal_lines_read()
        holds.reserve(calls)
        assert journal_lines_read() == before
        holds.settle([make.report(call) for call in calls])


def journal_lines_read() -> int:
    """Count the lines that this transaction has fetched from the journal, by whatever index or none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
            " from pg_stat_xact_user_tables where relname like 'ledger\\_usage%'"
        )
        [(lines,)] = cursor.fetchall()
    return int(lines)
