"""Pages of the books: opened by rights, read and not edited, without secrets, and exact about money."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey
from ledger.models import (
    Account,
    DayTotal,
    Entry,
    KeyAllowance,
    LanguageModel,
    Lot,
    Posting,
    UsageRecord,
)
from ledger.money import NanoUSD, PriceFacts, UnitRates
from ledger.services import credits, entries, pricing  # noqa: A004 - the word of the house
from tests.factories import ledger as make
from tests.factories.accounts import SuperuserFactory
from tests.ledger.staff import BOOKS, LONG_AGO, SEARCHES, a_call, list_of, page_of, staff_who_may

pytestmark = pytest.mark.django_db

NEVER_ADDED = [model for model in BOOKS if model is not LanguageModel]
NEVER_CHANGED = [model for model in NEVER_ADDED if model is not Account]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(SuperuserFactory.create())
    return client


@pytest.fixture
def call() -> UsageRecord:
    return a_call()


@pytest.mark.parametrize("model", BOOKS)
def test_whoever_may_look_sees_the_list_and_the_page(call: UsageRecord, model: type[Any]) -> None:
    staff = staff_who_may(f"view_{model._meta.model_name}")

    assert staff.get(list_of(model)).status_code == 200
    assert staff.get(page_of(model, "change", model.objects.get().pk)).status_code == 200


@pytest.mark.parametrize("model", BOOKS)
def test_who_may_not_look_is_refused(call: UsageRecord, model: type[Any]) -> None:
    staff = staff_who_may("view_posting")

    assert staff.get(list_of(model)).status_code == 403
    assert staff.get(page_of(model, "change", model.objects.get().pk)).status_code == 403


def test_a_key_shows_its_limits_and_what_is_used_of_them(admin: Client, call: UsageRecord) -> None:
    KeyAllowance.objects.update(
        daily_limit_nano_usd=3 * 10**9, allowed_models=[call.model_id], allowed_networks=["203.0.113.0/24"]
    )

    page = admin.get(page_of(KeyAllowance, "change", call.api_key_id)).content.decode()

    assert ">$3.00<" in page
    assert call.model.name in page
    assert "203.0.113.0/24" in page


@pytest.mark.parametrize("model", BOOKS)
def test_nothing_is_deleted(admin: Client, call: UsageRecord, model: type[Any]) -> None:
    row = model.objects.get()

    assert admin.post(page_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin.get(list_of(model)).content.decode()


@pytest.mark.parametrize("model", NEVER_ADDED)
def test_nothing_is_added(admin: Client, model: type[Any]) -> None:
    assert admin.post(page_of(model, "add"), {}).status_code == 403


@pytest.mark.parametrize("model", NEVER_CHANGED)
def test_nothing_is_changed(admin: Client, call: UsageRecord, model: type[Any]) -> None:
    assert admin.post(page_of(model, "change", model.objects.get().pk), {}).status_code == 403


@pytest.mark.parametrize("model", BOOKS)
def test_no_page_shows_a_secret(admin: Client, call: UsageRecord, model: type[Any]) -> None:
    pages = [admin.get(list_of(model)), admin.get(page_of(model, "change", model.objects.get().pk))]

    shown = "".join(page.content.decode() for page in pages)
    secret = bytes(ApiKey.objects.get().secret_hash).hex()
    assert [text for text in (secret, "secret_hash", "pepper_version") if text in shown] == []


@pytest.mark.parametrize(("model", "known"), SEARCHES)
def test_a_search_finds_a_whole_key(
    admin: Client, call: UsageRecord, model: type[Any], known: Callable[[UsageRecord], object]
) -> None:
    a_call()

    assert len(found(admin, model, q=str(known(call)))) == 1 < model.objects.count()


@pytest.mark.parametrize("model", BOOKS)
@pytest.mark.parametrize("part", ["%", "person", "9" * 40, "no such key", "test:"])
def test_nothing_is_found_by_a_part(admin: Client, call: UsageRecord, model: type[Any], part: str) -> None:
    assert found(admin, model, q=part) == []


@pytest.mark.parametrize("whose", ["account", "api_key"])
def test_the_journal_of_an_account_or_a_key_begins_with_its_newest_call(
    admin: Client, call: UsageRecord, whose: str
) -> None:
    newer = a_call(make.spender(call.account), call.model)
    a_call()

    everything = {"account": [newer, call], "api_key": [call]}
    assert found(admin, UsageRecord, **{whose: getattr(call, f"{whose}_id")}) == everything[whose]


def test_filters_of_calls_stay_within_an_account_and_a_time(admin: Client, call: UsageRecord) -> None:
    account = {"account": call.account_id}

    assert filters_of(admin, UsageRecord) == []
    assert filters_of(admin, UsageRecord, **account) == ["at"]
    assert filters_of(admin, UsageRecord, **account, at__gte=LONG_AGO) == ["at", "outcome"]
    assert filters_of(admin, DayTotal) == []
    assert filters_of(admin, DayTotal, **account) == ["day"]


def test_money_is_shown_to_the_last_digit_and_summed_below_the_list(admin: Client, call: UsageRecord) -> None:
    a_call(make.spender(call.account), call.model)

    page = admin.get(list_of(UsageRecord), {"account": call.account_id})

    assert page.content.decode().count(">$0.0000001<") == 2
    assert ">$0.0000002<" in dict(page.context["cl"].sums())["cost"]


def test_a_call_tells_at_which_rates_it_was_charged(admin: Client, call: UsageRecord) -> None:
    pricing.set_rate(call.model, UnitRates(0, 0, 0, 0))

    page = admin.get(page_of(UsageRecord, "change", call.pk)).content.decode()

    assert "$0.001 / $0.00002 / $0.001 / $0.002 (version 1)" in page


def test_an_entry_tells_where_its_money_went(admin: Client, call: UsageRecord) -> None:
    entry = Posting.objects.get().entry

    assert f"promotion → wallet {call.account_id}" in admin.get(list_of(Entry)).content.decode()
    page = admin.get(page_of(Entry, "change", entry.pk)).content.decode()
    assert page_of(Account, "change", call.account_id) in page
    assert ">$0.000001<" in page


def test_a_lot_tells_what_was_paid(admin: Client) -> None:
    credits.grant(
        make.AccountFactory.create(),
        NanoUSD(1),
        source=entries.cash("creem"),
        reference="paid",
        kind=Entry.Kind.GRANT,
        price=PriceFacts(Decimal("12.50"), "CNY", Decimal("7.1")),
    )

    assert "12.5 CNY (7.1 CNY = 1 USD)" in admin.get(list_of(Lot)).content.decode()


def found(admin: Client, model: type[Any], **asked: str | int) -> list[Any]:
    return list(admin.get(list_of(model), asked).context["cl"].result_list)


def filters_of(admin: Client, model: type[Any], **asked: str | int) -> list[str]:
    return [spec.field_path for spec in admin.get(list_of(model), asked).context["cl"].filter_specs]
