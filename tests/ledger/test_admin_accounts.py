"""Acts on accounts: credit is granted once for each form, spending is frozen, and only limits are edited."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ledger.models import Account, AccountAllowance, Entry, LanguageModel, UsageRecord
from ledger.money import NanoUSD, usd
from ledger.services import accounts, entries, holds, takings
from ledger.services.entries import Movement
from ledger.services.holds import Refused, Reserved
from tests.factories import ledger as make
from tests.ledger.staff import a_call, page_of, staff_who_may

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]

GRANT = ("view_account", "grant_credit")
FREEZE = ("view_account", "freeze_account")
LIMITS = ("view_account", "change_accountallowance")


@pytest.fixture
def account(db: None) -> Account:
    return make.AccountFactory.create()


def test_credit_is_granted_to_the_last_digit_with_its_reason_and_its_giver(account: Account) -> None:
    staff = staff_who_may(*GRANT)

    answer = staff.post(grant_page(account), filled(staff, account, amount="12.345678901"), follow=True)

    assert answer.redirect_chain == [(page_of(Account, "change", account.pk), 302)]
    assert "$12.345678901 granted." in answer.content.decode()
    assert wallet(account) == usd("12.345678901")
    entry = Entry.objects.get()
    assert (entry.kind, entry.note, entry.made_by) == ("grant", "made good", User.objects.get(is_staff=True))
    assert entry.postings.get().source == "promotion"
    assert entry.lots.get().paid_amount is None


def test_a_form_that_is_sent_twice_grants_once(account: Account) -> None:
    staff = staff_who_may(*GRANT)
    form = filled(staff, account, amount="5")

    answers = [staff.post(grant_page(account), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert wallet(account) == usd("5")


def test_a_form_that_is_shown_again_grants_again(account: Account) -> None:
    staff = staff_who_may(*GRANT)

    staff.post(grant_page(account), filled(staff, account, amount="5"))
    staff.post(grant_page(account), filled(staff, account, amount="5"))

    assert wallet(account) == usd("10")


@pytest.mark.parametrize(
    "again",
    [
        lambda account, form: (grant_page(account), {**form, "amount": "6"}),
        lambda account, form: (grant_page(make.AccountFactory.create()), form),
    ],
    ids=["another amount", "another account"],
)
def test_a_form_that_has_granted_grants_nothing_else(
    account: Account, again: Callable[[Account, dict[str, str]], tuple[str, dict[str, str]]]
) -> None:
    staff = staff_who_may(*GRANT)
    form = filled(staff, account, amount="5")
    staff.post(grant_page(account), form)

    answer = staff.post(*again(account, form))

    assert "This form has granted" in answer.content.decode()
    assert wallet(account) == usd("5")
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "0.0000000001"},
        {"amount": "many"},
        {"amount": ""},
        {"amount": "1000000000"},
        {"reason": " "},
        {"reason": "x" * 201},
        {"form_id": "none"},
    ],
)
def test_nothing_is_granted_by_a_form_with_a_mistake(account: Account, wrong: dict[str, str]) -> None:
    staff = staff_who_may(*GRANT)

    answer = staff.post(grant_page(account), {**filled(staff, account, amount="5"), **wrong})

    assert answer.context["form"].errors.keys() == wrong.keys()
    assert not Entry.objects.exists()


def test_a_mistake_keeps_what_was_typed(account: Account) -> None:
    staff = staff_who_may(*GRANT)
    form = filled(staff, account, amount="5", reason="")

    page = staff.post(grant_page(account), form).content.decode()

    assert form_id_in(page) == form["form_id"]
    assert 'value="5"' in page


def test_an_account_is_frozen_and_its_calls_are_refused(account: Account, model: LanguageModel) -> None:
    make.give(account, 1_000)
    caller = make.spender(account)
    staff = staff_who_may(*FREEZE)

    staff.post(page_of(Account, "freeze", account.pk))

    [answer] = holds.reserve([make.call(caller, model)])
    assert isinstance(answer, Refused)
    assert answer.reason == "account_frozen"
    assert "Froze the account." in history(staff, account)


def test_an_account_is_unfrozen_and_spends_again(account: Account, model: LanguageModel) -> None:
    make.give(account, 1_000)
    caller = make.spender(account)
    accounts.freeze(account)
    staff = staff_who_may(*FREEZE)

    staff.post(page_of(Account, "unfreeze", account.pk))

    [answer] = holds.reserve([make.call(caller, model)])
    assert isinstance(answer, Reserved)
    assert "Unfroze the account." in history(staff, account)


def test_a_debt_is_forgiven_by_those_with_the_right_and_never_without_a_reason(account: Account) -> None:
    bought = "order:1:credit"
    make.give(account, 1_000, reference=bought)
    movement = Movement(entries.wallet(account), entries.REVENUE, NanoUSD(1_000))
    entries.post(reference="spent", kind=Entry.Kind.CORRECTION, movements=[movement])
    takings.take([bought], NanoUSD(1_000), reference="refund:1")
    address = page_of(Account, "forgive", account.pk)
    staff = staff_who_may("view_account", "forgive_debt")

    offered = staff.get(page_of(Account, "change", account.pk)).text
    unsaid = staff.post(address, {"reason": ""}).text
    done = staff.post(address, {"reason": "Good will."}, follow=True).text

    assert address in offered
    assert "This field is required." in unsaid
    assert "$0.000001 forgiven." in done
    assert address not in done
    assert Account.objects.get(pk=account.pk).debt_nano_usd == 0
    assert staff_who_may(*FREEZE).get(address).status_code == 403


@pytest.mark.parametrize("act", ["grant", "freeze", "unfreeze"])
def test_an_act_asks_before_it_does_anything(account: Account, act: str) -> None:
    staff = staff_who_may(*GRANT, *FREEZE)

    page = staff.get(page_of(Account, act, account.pk)).content.decode()

    assert str(account.customer.user) in page
    assert Account.objects.get().frozen_at is None
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("before", "offered"), [(accounts.unfreeze, "freeze"), (accounts.freeze, "unfreeze")]
)
def test_a_page_offers_only_what_changes_something(
    account: Account, before: Callable[[Account], None], offered: str
) -> None:
    before(account)

    page = staff_who_may(*FREEZE).get(page_of(Account, "change", account.pk)).content.decode()

    assert [act for act in ("freeze", "unfreeze") if page_of(Account, act, account.pk) in page] == [offered]


@pytest.mark.parametrize(
    ("act", "rights"), [("grant", FREEZE + LIMITS), ("freeze", GRANT + LIMITS), ("unfreeze", GRANT + LIMITS)]
)
def test_each_act_needs_its_own_right(account: Account, act: str, rights: tuple[str, ...]) -> None:
    staff = staff_who_may(*rights)

    assert staff.post(page_of(Account, act, account.pk), {}).status_code == 403
    page = staff.get(page_of(Account, "change", account.pk)).content.decode()
    assert page_of(Account, act, account.pk) not in page


def test_an_account_that_does_not_exist_is_given_nothing() -> None:
    assert staff_who_may(*GRANT).get(page_of(Account, "grant", 0)).status_code == 404


def test_who_may_change_limits_changes_limits(account: Account) -> None:
    answer = staff_who_may(*LIMITS).post(page_of(Account, "change", account.pk), limits(account, 32))

    assert answer.status_code == 302
    assert AccountAllowance.objects.get(account=account).open_calls == 32


@pytest.mark.parametrize("rights", [GRANT, FREEZE, ("view_account", "change_account")])
def test_who_may_not_change_limits_changes_nothing(account: Account, rights: tuple[str, ...]) -> None:
    answer = staff_who_may(*rights).post(page_of(Account, "change", account.pk), limits(account, 32))

    assert answer.status_code == 403
    assert AccountAllowance.objects.get(account=account).open_calls == 16


def test_saving_a_page_never_writes_back_the_balances_that_it_read(account: Account) -> None:
    with CaptureQueriesContext(connection) as captured:
        staff_who_may(*LIMITS).post(page_of(Account, "change", account.pk), limits(account, 32))

    assert [query["sql"] for query in captured if 'UPDATE "ledger_account" ' in query["sql"]] == []


def test_the_page_of_an_account_shows_its_pools_and_its_latest() -> None:
    call = a_call()
    staff = staff_who_may(
        "view_account", "view_accountallowance", "view_keyallowance", "view_entry", "view_usagerecord"
    )

    page = staff.get(page_of(Account, "change", call.account_id)).content.decode()

    entry = call.account.lots.get().entry
    shown = [
        page_of(Entry, "change", entry.pk),
        page_of(UsageRecord, "change", call.pk),
        call.api_key.shown,
        ">$0.0000009<",  # 1,000 granted, 100 spent
        ">$0.0000002<",  # held for the call that is open
        ">16<",
    ]
    assert [text for text in shown if text not in page] == []


@pytest.mark.parametrize("model", [Entry, UsageRecord])
def test_the_latest_is_not_shown_to_who_may_not_see_it(model: type[Any]) -> None:
    call = a_call()

    page = staff_who_may("view_account").get(page_of(Account, "change", call.account_id)).content.decode()

    assert page_of(model, "changelist") not in page


def grant_page(account: Account) -> str:
    return page_of(Account, "grant", account.pk)


def filled(staff: Client, account: Account, **typed: str) -> dict[str, str]:
    """Return the form as the browser sends it: what was typed, with the id that the page came with."""
    page = staff.get(grant_page(account)).content.decode()
    return {"form_id": form_id_in(page), "reason": "made good", **typed}


def form_id_in(page: str) -> str:
    [form_id] = re.findall(r'name="form_id" value="([0-9a-f-]{36})"', page)
    return str(form_id)


def limits(account: Account, open_calls: int) -> dict[str, int]:
    counts = {"allowance-TOTAL_FORMS": 1, "allowance-INITIAL_FORMS": 1}
    return {**counts, "allowance-0-account": account.pk, "allowance-0-open_calls": open_calls}


def history(staff: Client, account: Account) -> str:
    return staff.get(page_of(Account, "history", account.pk)).content.decode()


def wallet(account: Account) -> int:
    account.refresh_from_db()
    return account.wallet_balance_nano_usd
