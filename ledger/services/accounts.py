"""Accounts: opened once for each customer, frozen and thawed by the shop."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from ledger.models import Account, AccountAllowance


@transaction.atomic(savepoint=False)
def open_for(customer: Customer) -> Account:
    """Return the account of ``customer``, opened with the free allowance on first need; once in any race."""
    account, is_new = Account.objects.get_or_create(customer=customer)
    if is_new:
        AccountAllowance.objects.create(account=account, **settings.FREE_ALLOWANCE)
    return account


def freeze(account: Account) -> None:
    """Let the account spend nothing until it is thawed. Calls that are open now still settle."""
    Account.objects.filter(pk=account.pk, frozen_at=None).update(frozen_at=timezone.now())


def unfreeze(account: Account) -> None:
    """Let the account spend again."""
    Account.objects.filter(pk=account.pk).update(frozen_at=None)
