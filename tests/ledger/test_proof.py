"""The proof finds whatever somebody could have broken."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey
from ledger.models import (
    Account,
    DayTotal,
    Entry,
    Hold,
    KeyAllowance,
    LanguageModel,
    Lot,
    Posting,
    Rate,
    UsageRecord,
)
from ledger.services import holds, merging, proof
from ledger.services.proof import SHOWN_OF_A_KIND
from tests.factories import ledger as make
from tests.factories.accounts import CustomerFactory
from tests.factories.ledger import AccountFactory
from tests.ledger.guards import alter, unguarded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def history(model: LanguageModel) -> None:
    """Let one call be settled and another be open, in an account with credit in every pool."""
    caller = make.spender(main=70, backup=60, wallet=1_000)
    settled, still_open = make.call(caller, model), make.call(caller, model)
    holds.reserve([settled, still_open])
    holds.settle([make.report(settled)])


def found() -> set[str]:
    return {discrepancy.kind for discrepancy in proof.discrepancies()}


def balance_changed() -> None:
    Account.objects.update(backup_balance_nano_usd=61)


def posting_changed() -> None:
    with unguarded("ledger_posting"):
        Posting.objects.filter(destination="main").update(amount_nano_usd=71)


def call_lost() -> None:
    with unguarded("ledger_usage"):
        UsageRecord.objects.all()._raw_delete("default")


def call_doubled() -> None:
    copy = UsageRecord.objects.get()
    copy.at = timezone.now()
    copy.save(force_insert=True)


def call_cheapened() -> None:
    with unguarded("ledger_usage"):
        UsageRecord.objects.update(main_nano_usd=1)


def call_of_fewer_tokens() -> None:
    with unguarded("ledger_usage"):
        UsageRecord.objects.update(output_tokens=19)


def call_made_free() -> None:
    with unguarded("ledger_usage"):
        UsageRecord.objects.update(is_free=True, main_nano_usd=0, backup_nano_usd=0)


def price_changed() -> None:
    with unguarded("ledger_rate"):
        Rate.objects.update(output_nano_usd_per_million=2_000_001)


def hold_forgotten() -> None:
    Hold.objects.all().delete()


def held_changed() -> None:
    Account.objects.update(wallet_held_nano_usd=1)


def open_holds_miscounted() -> None:
    Account.objects.update(open_holds=7)


def key_counter_changed() -> None:
    KeyAllowance.objects.update(spent_nano_usd=1)


def key_day_changed() -> None:
    KeyAllowance.objects.update(day_spent_nano_usd=1)


def key_month_changed() -> None:
    KeyAllowance.objects.update(month_spent_nano_usd=1)


def key_requests_miscounted() -> None:
    KeyAllowance.objects.update(requests=1)


def day_total_changed() -> None:
    DayTotal.objects.update(input_tokens=1)


def day_total_lost() -> None:
    DayTotal.objects.all().delete()


def day_total_invented() -> None:
    total = DayTotal.objects.get()
    total.pk, total.day = None, total.day.replace(year=1999)
    total.save()


def lot_lost() -> None:
    with unguarded("ledger_lot"):
        Lot.objects.all()._raw_delete("default")


def lot_changed() -> None:
    with unguarded("ledger_lot"):
        Lot.objects.update(amount_nano_usd=1)


def settled_call_reopened() -> None:
    Hold.objects.update(id=UsageRecord.objects.get().pk)


def call_of_another_key() -> None:
    with unguarded("ledger_usage"):
        UsageRecord.objects.update(api_key_id=0)


def hold_at_no_price() -> None:
    Hold.objects.update(rate_id=0)


def merged() -> Account:
    """Merge an account into the first, and return it."""
    source = make.funded(10)
    merging.merge(source, Account.objects.earliest("pk"))
    return source


def merged_account_with_a_key() -> None:
    KeyAllowance.objects.update(account=merged())
    ApiKey.objects.update(customer=Account.objects.latest("pk").customer)


def merged_account_that_was_called_empty() -> None:
    source = make.spender(wallet=1_000)
    holds.reserve([make.call(source, LanguageModel.objects.get())])
    merging.merge(source.account, Account.objects.earliest("pk"))
    Account.objects.filter(pk=source.account.pk).update(emptied_at=timezone.now())


def account_merged_in_two_steps() -> None:
    source = merged()
    Account.objects.filter(pk=source.merged_into_id or Account.objects.earliest("pk").pk).update(
        merged_into=AccountFactory.create()
    )


def key_of_another_customer() -> None:
    ApiKey.objects.update(customer=CustomerFactory.create())


def part_of_a_lot_enlarged() -> None:
    merged()
    with unguarded("ledger_lot"):
        Lot.objects.filter(moved_from__isnull=True, amount_nano_usd=10).update(amount_nano_usd=9)


def part_of_a_lot_antedated() -> None:
    merged()
    with unguarded("ledger_lot"):
        Lot.objects.filter(moved_from__isnull=False).update(acquired_at=make.LONG_AGO)


def empty_entry() -> None:
    Entry.objects.create(reference=str(uuid.uuid4()), kind=Entry.Kind.CORRECTION)


def unguarded_entries() -> None:
    alter("drop trigger entry_is_append_only on ledger_entry")


def sleeping_guard() -> None:
    alter("alter table ledger_lot disable trigger lot_is_append_only")


def unguarded_partition() -> None:
    alter("alter table ledger_usage_default disable trigger usage_is_append_only")


def test_books_that_nobody_touched_add_up() -> None:
    assert proof.discrepancies() == []


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (balance_changed, {"pool_differs_from_its_journal", "books_do_not_sum_to_zero"}),
        (posting_changed, {"pool_differs_from_its_journal", "books_do_not_sum_to_zero"}),
        (
            call_lost,
            {
                "pool_differs_from_its_journal",
                "books_do_not_sum_to_zero",
                "window_differs_from_its_calls",
                "key_differs_from_its_calls",
                "day_total_differs_from_its_calls",
            },
        ),
        (
            call_doubled,
            {
                "pool_differs_from_its_journal",
                "books_do_not_sum_to_zero",
                "window_differs_from_its_calls",
                "key_differs_from_its_calls",
                "day_total_differs_from_its_calls",
                "call_ended_twice",
            },
        ),
        (
            call_cheapened,
            {
                "pool_differs_from_its_journal",
                "books_do_not_sum_to_zero",
                "key_differs_from_its_calls",
                "day_total_differs_from_its_calls",
                "call_differs_from_its_price",
            },
        ),
        (call_of_fewer_tokens, {"call_differs_from_its_price", "day_total_differs_from_its_calls"}),
        (
            call_made_free,
            {
                "pool_differs_from_its_journal",
                "books_do_not_sum_to_zero",
                "key_differs_from_its_calls",
                "day_total_differs_from_its_calls",
            },
        ),
        (price_changed, {"call_differs_from_its_price"}),
        (
            hold_forgotten,
            {
                "held_differs_from_open_holds",
                "key_differs_from_its_calls",
                "window_differs_from_its_calls",
            },
        ),
        (held_changed, {"held_differs_from_open_holds"}),
        (open_holds_miscounted, {"held_differs_from_open_holds"}),
        (key_counter_changed, {"key_differs_from_its_calls"}),
        (key_day_changed, {"key_differs_from_its_calls"}),
        (key_month_changed, {"key_differs_from_its_calls"}),
        (key_requests_miscounted, {"key_differs_from_its_calls"}),
        (day_total_changed, {"day_total_differs_from_its_calls"}),
        (day_total_lost, {"day_total_differs_from_its_calls"}),
        (day_total_invented, {"day_total_differs_from_its_calls"}),
        (lot_lost, {"lots_differ_from_wallet_credit"}),
        (lot_changed, {"lots_differ_from_wallet_credit"}),
        (settled_call_reopened, {"call_ended_twice"}),
        (call_of_another_key, {"call_of_nobody", "key_differs_from_its_calls"}),
        (hold_at_no_price, {"call_of_nobody"}),
        (key_of_another_customer, {"key_of_another_customer"}),
        (merged_account_with_a_key, {"merged_account_lives_on", "call_of_nobody"}),
        (merged_account_that_was_called_empty, {"merged_account_lives_on"}),
        (account_merged_in_two_steps, {"merged_account_lives_on"}),
        (part_of_a_lot_enlarged, {"lot_moved_beyond_itself", "lots_differ_from_wallet_credit"}),
        (part_of_a_lot_antedated, {"lot_moved_beyond_itself"}),
        (empty_entry, {"entry_without_postings"}),
        (unguarded_entries, {"journal_is_not_guarded"}),
        (sleeping_guard, {"journal_is_not_guarded"}),
        (unguarded_partition, {"journal_is_not_guarded"}),
    ],
)
def test_every_damage_is_found(damage: Callable[[], None], kinds: set[str]) -> None:
    damage()

    assert found() == kinds


def test_a_discrepancy_says_where_and_by_how_much() -> None:
    account = Account.objects.get()
    Account.objects.update(backup_balance_nano_usd=61)

    [pool] = [each for each in proof.discrepancies() if each.kind == "pool_differs_from_its_journal"]

    assert pool.subject == f"backup of account {account.pk}"
    assert pool.detail == "keeps 61 nano-USD, its journal says 30"


def test_a_flood_of_one_kind_is_cut_short() -> None:
    for _ in range(SHOWN_OF_A_KIND + 1):
        empty_entry()

    assert len(proof.discrepancies()) == SHOWN_OF_A_KIND


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_shows_one_moment_and_changes_nothing(model: LanguageModel) -> None:
    with proof.snapshot():
        assert proof.discrepancies() == []
        with connection.cursor() as cursor:
            cursor.execute("show transaction_isolation")
            isolation = cursor.fetchone()
            cursor.execute("show transaction_read_only")
            read_only = cursor.fetchone()

    assert (isolation, read_only) == (("repeatable read",), ("on",))
