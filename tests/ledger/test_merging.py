"""The account of a guest goes into that of a person: keys, credit, lots, and what open calls leave."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from ledger import tasks
from ledger.errors import AccountFrozen, AccountNotMergeable
from ledger.models import Account, Entry, KeyAllowance, LanguageModel, Lot, UsageRecord
from ledger.money import NanoUSD, PriceFacts
from ledger.services import accounts, credits, entries, holds, merging  # noqa: A004 - the word of the house
from ledger.services.holds import ReleaseRequest, Reserved
from tests.factories import ledger as make
from tests.factories.ledger import Spender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]

EUR = PriceFacts(Decimal("10.00"), "EUR", Decimal("0.9"))


@pytest.fixture
def guest() -> Spender:
    """Return a key whose account bought 1,000 nano-USD."""
    caller = make.spender()
    credits.grant(
        caller.account,
        NanoUSD(1_000),
        source=entries.cash("creem"),
        reference="order:1:credit",
        kind=Entry.Kind.ORDER_DELIVERED,
        price=EUR,
    )
    return caller


@pytest.fixture
def person() -> Account:
    return make.funded(500)


def balances(*owners: Account) -> list[int]:
    return [Account.objects.get(pk=owner.pk).balance_nano_usd for owner in owners]


def test_the_free_credit_of_all_pools_moves_by_one_entry(person: Account) -> None:
    source = make.funded(3, main=1, backup=2)

    merging.merge(source, person)

    person.refresh_from_db()
    assert balances(source, person) == [0, 506]
    assert (person.main_balance_nano_usd, person.backup_balance_nano_usd) == (1, 2)
    entry = Entry.objects.get(kind=Entry.Kind.ACCOUNTS_MERGED)
    assert (entry.reference, entry.postings.count()) == (f"merge:{source.pk}:1", 3)


def test_the_keys_go_over_and_spend_the_new_account(
    guest: Spender, person: Account, model: LanguageModel
) -> None:
    merging.merge(guest.account, person)

    [answer] = holds.reserve([make.call(guest, model)])

    assert isinstance(answer, Reserved)
    assert answer.account_id == person.pk
    guest.api_key.refresh_from_db()
    assert guest.api_key.customer == person.customer
    assert guest.allowance.account == person


def test_lots_move_with_their_dates_and_prices(guest: Spender, person: Account) -> None:
    bought = Lot.objects.get(account=guest.account)

    merging.merge(guest.account, person)

    lot = Lot.objects.get(account=person, moved_from=bought)
    assert (lot.amount_nano_usd, lot.acquired_at) == (1_000, bought.acquired_at)
    assert (lot.paid_amount, lot.paid_currency, lot.paid_units_per_usd) == EUR


def test_of_a_lot_that_was_used_the_rest_moves_with_its_share_of_the_price(
    guest: Spender, person: Account, model: LanguageModel
) -> None:
    request = make.call(guest, model)
    holds.reserve([request])
    holds.settle([make.report(request)])

    merging.merge(guest.account, person)

    lot = Lot.objects.get(moved_from__isnull=False)
    assert (lot.amount_nano_usd, lot.paid_amount) == (900, Decimal("9.00"))


def test_what_open_calls_hold_stays_until_they_end_and_what_they_leave_follows(
    guest: Spender, person: Account, model: LanguageModel
) -> None:
    settled, released = make.call(guest, model), make.call(guest, model)
    holds.reserve([settled, released])
    merging.merge(guest.account, person)
    assert balances(guest.account, person) == [400, 1_100]
    assert merging.to_empty() == [guest.account.pk]

    holds.settle([make.report(settled)])
    tasks.empty_merged_accounts()
    assert balances(guest.account, person) == [200, 1_200]
    holds.release([ReleaseRequest(released.request_id)])
    tasks.empty_merged_accounts()

    assert balances(guest.account, person) == [0, 1_400]
    assert merging.to_empty() == []
    assert [lot.paid_amount for lot in Lot.objects.filter(account=person).order_by("pk")[1:]] == [
        Decimal("6.00"),
        Decimal("1.00"),
        Decimal("2.00"),
    ]


def test_a_call_of_before_is_paid_by_the_old_account_and_counted_for_the_key(
    guest: Spender, person: Account, model: LanguageModel
) -> None:
    request = make.call(guest, model)
    holds.reserve([request])
    merging.merge(guest.account, person)

    holds.settle([make.report(request)])

    assert UsageRecord.objects.get().account == guest.account
    assert (guest.allowance.spent_nano_usd, guest.allowance.held_nano_usd) == (100, 0)


def test_a_call_of_before_that_is_reserved_again_finds_its_hold(
    guest: Spender, person: Account, model: LanguageModel
) -> None:
    request = make.call(guest, model)
    first = holds.reserve([request])
    merging.merge(guest.account, person)

    assert holds.reserve([request]) == first


def test_nothing_left_to_follow_is_settled_on_the_spot(guest: Spender, person: Account) -> None:
    merging.merge(guest.account, person)

    guest.account.refresh_from_db()
    assert guest.account.emptied_at is not None


def test_merging_it_again_changes_nothing(guest: Spender, person: Account) -> None:
    merging.merge(guest.account, person)

    merging.merge(guest.account, person)

    assert balances(guest.account, person) == [0, 1_500]
    assert Entry.objects.filter(kind=Entry.Kind.ACCOUNTS_MERGED).count() == 1


def test_an_account_without_credit_merges_without_an_entry(person: Account) -> None:
    caller = make.spender()

    merging.merge(caller.account, person)

    assert KeyAllowance.objects.get(api_key=caller.api_key).account == person
    assert not Entry.objects.filter(kind=Entry.Kind.ACCOUNTS_MERGED).exists()


def test_frozen_credit_is_not_moved(guest: Spender, person: Account) -> None:
    accounts.freeze(guest.account)

    with pytest.raises(AccountFrozen):
        merging.merge(guest.account, person)


def test_accounts_merge_once_and_in_one_step(guest: Spender, person: Account) -> None:
    other = make.funded()
    merging.merge(guest.account, person)

    for source, into in ((guest.account, other), (other, guest.account), (person, other), (other, other)):
        with pytest.raises(AccountNotMergeable):
            merging.merge(source, into)


def test_nothing_follows_an_account_that_was_not_merged(guest: Spender) -> None:
    merging.follow(guest.account.pk)

    assert balances(guest.account) == [1_000]


def test_the_database_knows_no_account_that_is_merged_into_itself(person: Account) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=person.pk).update(merged_into=person)
