"""Credit: what comes into a wallet keeps its lot."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger.errors import InsufficientBalance, ReferenceReused
from ledger.models import Account, Entry, Lot
from ledger.money import NanoUSD, PriceFacts
from ledger.services import credits, entries  # noqa: A004 - the word of the house
from tests.factories import ledger as make
from tests.factories.accounts import StaffFactory
from tests.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]

PRICE = PriceFacts(Decimal(80), "CNY", Decimal(8))


def grant(account: Account, amount: int = 10, **facts: object) -> Entry:
    return credits.grant(
        account,
        NanoUSD(amount),
        **{
            "source": entries.PROMOTION,
            "reference": "welcome",
            "kind": Entry.Kind.GRANT,
            **facts,
        },  # type: ignore[arg-type]  # the facts of a test
    )


def test_credit_comes_into_the_wallet_with_its_lot() -> None:
    account, staff = make.AccountFactory.create(), StaffFactory.create()
    bought = datetime(2026, 5, 1, tzinfo=UTC)

    paid = {"source": entries.cash("creem"), "price": PRICE, "acquired_at": bought}
    entry = grant(account, 10, **paid, note="hello", made_by=staff)

    account.refresh_from_db()
    assert account.wallet_balance_nano_usd == 10
    lot = Lot.objects.get()
    assert (lot.account, lot.entry, lot.amount_nano_usd, lot.acquired_at) == (account, entry, 10, bought)
    assert (lot.paid_amount, lot.paid_currency, lot.paid_units_per_usd) == PRICE
    assert (entry.note, entry.made_by) == ("hello", staff)


def test_a_gift_cost_nothing_and_is_as_old_as_its_entry() -> None:
    entry = grant(make.AccountFactory.create())

    lot = Lot.objects.get()
    assert (lot.paid_amount, lot.paid_currency, lot.paid_units_per_usd) == (None, "", None)
    assert lot.acquired_at == entry.created_at <= timezone.now()


def test_a_grant_is_one_round_trip() -> None:
    account = make.AccountFactory.create()

    with CaptureQueriesContext(connection) as queries:
        grant(account)

    assert len(queries) == 1


def test_the_same_grant_counts_once() -> None:
    account = make.AccountFactory.create()

    assert grant(account) == grant(account)
    assert Lot.objects.count() == 1


def test_another_grant_under_the_same_reference_is_refused() -> None:
    account = make.AccountFactory.create()
    grant(account, 10)

    with pytest.raises(ReferenceReused):
        grant(account, 11)

    assert Lot.objects.count() == 1


def test_credit_from_a_pool_needs_to_be_there() -> None:
    account, poor = make.AccountFactory.create(), make.funded(main=9)

    with pytest.raises(InsufficientBalance):
        grant(account, 10, source=entries.main(poor))

    assert not Lot.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_fifty_that_grant_the_same_one_counts() -> None:
    account = make.AccountFactory.create()

    granted = together(50, lambda _: grant(account))

    assert granted == [Entry.objects.get()] * 50
    assert Lot.objects.count() == 1
