"""Lists of the books stay fast at any size: proven by what PostgreSQL would read for them, not by a clock."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ledger.models import Account, UsageRecord
from tests.factories.accounts import SuperuserFactory
from tests.ledger.staff import BOOKS, LONG_AGO, SEARCHES, a_call, list_of, page_of
from tests.plans import of_table, queries, readings, scans, sorts, steps

pytestmark = pytest.mark.django_db

# The journal is read for somebody, never whole.
LISTED_WHOLE = [model for model in BOOKS if model is not UsageRecord]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(SuperuserFactory.create())
    return client


@pytest.fixture
def call() -> UsageRecord:
    return a_call()


@pytest.mark.parametrize("model", BOOKS)
def test_a_list_asks_as_much_for_many_rows_as_for_one(
    admin: Client, call: UsageRecord, model: type[Any]
) -> None:
    few = queries(admin, list_of(model))
    a_call()
    a_call()

    assert len(queries(admin, list_of(model))) == len(few)


@pytest.mark.parametrize("model", LISTED_WHOLE)
def test_a_list_never_counts_without_an_end(admin: Client, call: UsageRecord, model: type[Any]) -> None:
    counts = [sql for sql in queries(admin, list_of(model), _facets="True") if "COUNT(" in sql]

    assert counts
    assert [sql for sql in counts if "LIMIT 10000" not in sql] == []


@pytest.mark.parametrize("model", LISTED_WHOLE)
def test_a_list_is_read_in_the_order_of_an_index(admin: Client, call: UsageRecord, model: type[Any]) -> None:
    [rows] = of_table(model, queries(admin, list_of(model)))

    assert not scans(model, rows)
    assert not sorts(rows)


@pytest.mark.parametrize(("model", "known"), SEARCHES)
def test_a_search_reads_only_what_its_key_names(
    admin: Client, call: UsageRecord, model: type[Any], known: Callable[[UsageRecord], object]
) -> None:
    asked = of_table(model, queries(admin, list_of(model), q=str(known(call))))

    assert [sql for sql in asked if scans(model, sql)] == []


def test_frozen_accounts_are_read_by_their_own_index(admin: Client, call: UsageRecord) -> None:
    [rows] = of_table(Account, queries(admin, list_of(Account), frozen_at__isnull="False"))

    assert "frozen_accounts" in {step.get("Index Name") for step in steps(rows, avoided="enable_seqscan")}


@pytest.mark.parametrize(
    "whose",
    [
        lambda call: {"account": call.account_id, "at__gte": LONG_AGO},
        lambda call: {"api_key": call.api_key_id, "at__gte": LONG_AGO},
        lambda call: {"q": call.account_id},
    ],
    ids=["account", "API key", "search"],
)
def test_the_journal_of_an_account_or_a_key_is_read_in_the_order_of_an_index(
    admin: Client, call: UsageRecord, whose: Callable[[UsageRecord], dict[str, str | int]]
) -> None:
    [rows] = of_table(UsageRecord, queries(admin, list_of(UsageRecord), **whose(call)))

    assert all("Index Cond" in step for step in readings(UsageRecord, rows))
    assert not sorts(rows)


def test_the_journal_of_the_whole_shop_is_not_read_at_all(admin: Client, call: UsageRecord) -> None:
    asked = queries(admin, list_of(UsageRecord))

    assert [sql for sql in asked if "ledger_usage" in sql] == []
    assert "Whose calls?" in admin.get(list_of(UsageRecord)).content.decode()


@pytest.mark.parametrize("model", BOOKS)
def test_a_page_reads_only_what_belongs_to_its_row(
    admin: Client, call: UsageRecord, model: type[Any]
) -> None:
    asked = queries(admin, page_of(model, "change", model.objects.get().pk))

    about_rows = [(other, sql) for other in BOOKS for sql in of_table(other, asked)]
    assert about_rows
    assert [sql for other, sql in about_rows if scans(other, sql)] == []
