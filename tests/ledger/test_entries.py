"""Posting: each business event once, whole or not at all."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger.errors import InsufficientBalance, ReferenceReused
from ledger.models import Account, Entry, LanguageModel, Posting
from ledger.money import NanoUSD
from ledger.services import entries, holds
from ledger.services.entries import Movement, Place
from tests.factories import ledger as make
from tests.factories.accounts import StaffFactory
from tests.together import together

pytestmark = pytest.mark.django_db


def issue(reference: str, amount: int = 100, **facts: object) -> Entry:
    """Post what the issuing of codes posts."""
    return entries.post(
        **{
            "reference": reference,
            "kind": Entry.Kind.CODES_ISSUED,
            "movements": [Movement(entries.PROMOTION, entries.CODES, NanoUSD(amount))],
            **facts,
        }  # type: ignore[arg-type]  # the facts of a test
    )


def take(account: Account, amount: int, pool: Place | None = None) -> Entry:
    movement = Movement(pool or entries.wallet(account), entries.EXPIRED, NanoUSD(amount))
    return entries.post(reference="take", kind=Entry.Kind.CORRECTION, movements=[movement])


def wallet(account: Account) -> int:
    account.refresh_from_db()
    return account.wallet_balance_nano_usd


def test_an_entry_keeps_what_moved_who_did_it_and_why() -> None:
    staff = StaffFactory.create()

    entry = issue("batch:1", 100, note="spring", made_by=staff)

    stored = Entry.objects.get(reference="batch:1")
    assert (stored, stored.note, stored.made_by) == (entry, "spring", staff)
    assert (entry.kind, entry.created_at) == (Entry.Kind.CODES_ISSUED, stored.created_at)
    posting = Posting.objects.get(entry=entry)
    assert (posting.source, posting.destination, posting.amount_nano_usd) == ("promotion", "codes", 100)


def test_a_posting_is_one_round_trip() -> None:
    with CaptureQueriesContext(connection) as queries:
        issue("batch:1")

    assert len(queries) == 1


def test_pools_change_with_their_postings() -> None:
    account = make.funded(500, main=300, backup=200)
    movements = [
        Movement(entries.main(account), entries.EXPIRED, NanoUSD(300)),
        Movement(entries.wallet(account), entries.backup(account), NanoUSD(50)),
    ]

    entries.post(reference="month's end", kind=Entry.Kind.CORRECTION, movements=movements)

    account.refresh_from_db()
    assert (account.main_balance_nano_usd, account.backup_balance_nano_usd) == (0, 250)
    assert account.wallet_balance_nano_usd == 450


def test_credit_may_pass_through_a_pool_within_one_entry() -> None:
    account = make.funded(10)
    through = [
        Movement(entries.wallet(account), entries.backup(account), NanoUSD(100)),
        Movement(entries.PLANS, entries.main(account), NanoUSD(5)),
        Movement(entries.backup(account), entries.wallet(account), NanoUSD(95)),
    ]

    entries.post(reference="through", kind=Entry.Kind.CORRECTION, movements=through)

    account.refresh_from_db()
    assert (account.wallet_balance_nano_usd, account.backup_balance_nano_usd) == (5, 5)


def test_the_same_event_is_posted_once() -> None:
    account = make.funded(500)
    first = take(account, 100)

    again = take(account, 100)

    assert again == first
    assert wallet(account) == 400
    assert Posting.objects.filter(entry=first).count() == 1


def test_the_first_entry_answers_even_when_the_credit_is_gone_since() -> None:
    account = make.funded(100)
    first = take(account, 100)

    assert take(account, 100) == first


@pytest.mark.parametrize(
    "other",
    [
        {"kind": Entry.Kind.CORRECTION},
        {"movements": [Movement(entries.PROMOTION, entries.CODES, NanoUSD(101))]},
        {"movements": [Movement(entries.PROMOTION, entries.EXPIRED, NanoUSD(100))]},
        {"movements": [Movement(entries.cash("creem"), entries.CODES, NanoUSD(100))]},
        {"movements": [Movement(entries.PROMOTION, entries.CODES, NanoUSD(100))] * 2},
    ],
)
def test_another_event_under_the_same_reference_is_refused(other: dict[str, object]) -> None:
    issue("batch:1", 100)

    with pytest.raises(ReferenceReused):
        issue("batch:1", **other)  # type: ignore[arg-type]  # the facts of a test

    assert Posting.objects.count() == 1


def test_the_account_is_part_of_the_event() -> None:
    account, other = make.funded(500), make.funded(500)
    take(account, 100)

    with pytest.raises(ReferenceReused):
        take(other, 100)


@pytest.mark.parametrize("pool", [entries.main, entries.backup, entries.wallet])
def test_a_pool_gives_no_more_than_it_has(pool: object) -> None:
    account = make.funded(100, main=100, backup=100)

    with pytest.raises(InsufficientBalance):
        take(account, 101, pool(account))  # type: ignore[operator]  # one of the three

    assert not Entry.objects.filter(reference="take").exists()


def test_what_is_held_is_not_there_to_move(model: LanguageModel) -> None:
    caller = make.spender(wallet=300)
    holds.reserve([make.call(caller, model)])

    with pytest.raises(InsufficientBalance):
        take(caller.account, 101)

    take(caller.account, 100)
    assert wallet(caller.account) == 200


def test_a_refusal_leaves_the_callers_transaction_alive() -> None:
    account = make.funded(100)

    with transaction.atomic():
        with pytest.raises(InsufficientBalance):
            take(account, 101)
        issue("batch:1")

    assert Entry.objects.filter(reference="batch:1").exists()


@pytest.mark.parametrize(
    "movement",
    [
        Movement(Place("atlantis"), entries.CODES, NanoUSD(1)),
        Movement(entries.CODES, Place("wallet"), NanoUSD(1)),
        Movement(entries.CODES, entries.CODES, NanoUSD(1)),
        Movement(entries.PROMOTION, entries.CODES, NanoUSD(0)),
        Movement(entries.PROMOTION, entries.CODES, NanoUSD(-1)),
    ],
)
def test_the_database_refuses_what_nobody_can_mean(movement: Movement) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        issue("nonsense", movements=[movement])


@pytest.mark.django_db(transaction=True)
def test_of_fifty_that_post_one_reference_one_moves_the_money() -> None:
    account = make.funded(10_000)

    posted = together(50, lambda _: take(account, 100))

    assert posted == [Entry.objects.get(reference="take")] * 50
    assert wallet(account) == 9_900


@pytest.mark.django_db(transaction=True)
def test_of_fifty_that_post_one_reference_between_places_of_the_shop_one_counts() -> None:
    posted = together(50, lambda _: issue("batch:1"))

    assert posted == [Entry.objects.get()] * 50
    assert Posting.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_that_take_the_last_credit_as_many_get_it_as_there_is() -> None:
    account = make.funded(1_000)

    def take_some(number: int) -> Entry:
        movement = Movement(entries.wallet(account), entries.EXPIRED, NanoUSD(100))
        return entries.post(reference=f"take:{number}", kind=Entry.Kind.CORRECTION, movements=[movement])

    results = together(30, take_some)

    assert (
        sorted(type(result).__name__ for result in results) == ["Entry"] * 10 + ["InsufficientBalance"] * 20
    )
    assert wallet(account) == 0


@pytest.mark.django_db(transaction=True)
def test_transfers_in_opposite_directions_never_wait_in_a_circle() -> None:
    accounts = [make.funded(10_000) for _ in range(4)]

    def move(number: int) -> None:
        source, destination = accounts[number % 4], accounts[(number * 3 + 1) % 4]
        for step in range(20):
            movement = Movement(entries.wallet(source), entries.backup(destination), NanoUSD(1))
            entries.post(reference=f"{number}:{step}", kind=Entry.Kind.CORRECTION, movements=[movement])

    results = together(16, move)

    assert results == [None] * 16
    assert sum(Account.objects.get(pk=account.pk).balance_nano_usd for account in accounts) == 40_000
