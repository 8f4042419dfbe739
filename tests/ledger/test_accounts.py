"""Accounts: one for each customer, with the free allowance."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from ledger.models import Account, AccountAllowance
from ledger.services import accounts
from tests.factories import ledger as make
from tests.factories.accounts import CustomerFactory
from tests.together import together

pytestmark = pytest.mark.django_db


def test_an_account_opens_with_the_free_allowance_and_nothing_in_it(settings: Settings) -> None:
    account = accounts.open_for(CustomerFactory.create())

    allowance = AccountAllowance.objects.filter(account=account).values(*settings.FREE_ALLOWANCE)
    assert list(allowance) == [settings.FREE_ALLOWANCE]
    assert (account.balance_nano_usd, account.held_nano_usd, account.frozen_at) == (0, 0, None)


def test_a_customer_has_one_account() -> None:
    customer = CustomerFactory.create()

    assert accounts.open_for(customer) == accounts.open_for(customer)


@pytest.mark.django_db(transaction=True)
def test_however_many_open_it_at_once_there_is_one_account() -> None:
    customer = CustomerFactory.create()

    opened = together(16, lambda _: accounts.open_for(customer))

    assert opened == [Account.objects.get()] * 16
    assert AccountAllowance.objects.count() == 1


def test_a_frozen_account_stays_frozen_since_the_first_time_until_it_is_thawed() -> None:
    account = make.AccountFactory.create()
    accounts.freeze(account)
    account.refresh_from_db()
    first = account.frozen_at

    accounts.freeze(account)

    account.refresh_from_db()
    assert first is not None
    assert account.frozen_at == first
    assert first <= timezone.now()
    accounts.unfreeze(account)
    account.refresh_from_db()
    assert account.frozen_at is None
