"""Staff with rights, the pages of the books that they open, and a call to be seen there."""

import itertools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledger.models import (
    Account,
    DayTotal,
    Entry,
    Hold,
    KeyAlert,
    KeyAllowance,
    LanguageModel,
    Lot,
    UsageRecord,
)
from ledger.services import holds
from tests.factories import ledger as make
from tests.factories.accounts import StaffFactory

BOOKS = [Account, KeyAllowance, KeyAlert, Entry, Lot, LanguageModel, Hold, UsageRecord, DayTotal]

LONG_AGO = "2000-01-01 00:00:00+00:00"

# What people know of a call when they search.
SEARCHES: list[tuple[type[Any], Callable[[UsageRecord], object]]] = [
    (Account, lambda call: call.account_id),
    (Account, lambda call: call.account.customer_id),
    (Account, lambda call: str(call.account.customer.user).upper()),
    (KeyAllowance, lambda call: call.account_id),
    (KeyAllowance, lambda call: call.api_key.key_id),
    (KeyAlert, lambda call: call.api_key.key_id),
    (Entry, lambda call: call.account_id),
    (Entry, lambda call: call.account.lots.get().entry.reference),
    (Lot, lambda call: call.account_id),
    (Lot, lambda call: call.account.lots.get().entry.reference),
    (LanguageModel, lambda call: call.model.name),
    (Hold, lambda call: call.account.holds.get().pk),
    (UsageRecord, lambda call: call.account_id),
    (UsageRecord, lambda call: call.request_id),
    (DayTotal, lambda call: call.account_id),
]

# Far from the numbers of accounts, so that no number means both.
CUSTOMERS = itertools.count(1_000_000_000)


def staff_who_may(*rights: str) -> Client:
    """Return the browser of somebody with these rights in the ledger."""
    person, client = StaffFactory.create(), Client()
    of_ledger = Permission.objects.filter(content_type__app_label="ledger")
    person.user_permissions.set(of_ledger.filter(codename__in=rights))
    client.force_login(person)
    return client


def list_of(model: type[Any]) -> str:
    return page_of(model, "changelist")


def page_of(model: type[Any], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{page}", args=args)


def somebody() -> make.Spender:
    """Return a new customer's key, with 1,000 nano-USD in the wallet."""
    account = make.AccountFactory.create(customer__id=next(CUSTOMERS))
    make.give(account, 1_000)
    return make.spender(account)


def a_call(by: make.Spender | None = None, model: LanguageModel | None = None) -> UsageRecord:
    """Return a call that cost 100 nano-USD, with an alert of its key; another of that key stays open."""
    by, model = by or somebody(), model or make.priced()
    ended = make.call(by, model)
    holds.reserve([ended, make.call(by, model)])
    holds.settle([make.report(ended)])
    KeyAlert.objects.create(
        api_key=by.api_key,
        kind=KeyAlert.Kind.DAILY,
        since=timezone.localdate(),
        limit_nano_usd=100,
        spent_nano_usd=100,
    )
    return UsageRecord.objects.get(pk=ended.request_id)
