"""Limits of keys on their page: set when a key is made, changed in its row, and shown with their use."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Customer
from accounts.services import api_keys, keyed_hash
from ledger.models import KeyAllowance, LanguageModel
from ledger.money import NanoUSD
from ledger.services import key_limits, spending_keys
from ledger.services.key_limits import KeyLimits
from tests.factories.accounts import CustomerFactory
from tests.factories.ledger import ModelFactory
from tests.portal.conftest import DOLLAR
from tests.portal.reading import words

HTMX = {"HX-Request": "true"}
KEY = re.compile(r"sk-[0-9A-Za-z]{50}")
NETWORKS = "203.0.113.7/24\r\n\r\n 2001:DB8::/32 \r\n"


@pytest.fixture
def api_key(customer: Customer) -> ApiKey:
    """Return the customer's one key, limited to a dollar a month."""
    limits = KeyLimits(monthly_limit_nano_usd=NanoUSD(DOLLAR), alert_percent=80)
    return spending_keys.create(customer, name="Laptop", limits=limits).api_key


@pytest.fixture
def foreign_key(db: None) -> ApiKey:
    """Return somebody else's key."""
    return spending_keys.create(CustomerFactory.create(), name="Theirs").api_key


def typed(**changed: Any) -> dict[str, Any]:
    """Return what a browser sends of a form in which nothing is limited."""
    names = [
        "monthly_limit_nano_usd", "daily_limit_nano_usd", "total_limit_nano_usd", "alert_percent",
        "requests_per_minute", "expires_on", "allowed_networks",
    ]  # fmt: skip
    return {"name": "Laptop", **dict.fromkeys(names, ""), **changed}


def kept() -> KeyLimits:
    return key_limits.of(KeyAllowance.objects.get())


def test_a_key_is_made_with_the_limits_that_were_typed(member: Client, chat: LanguageModel) -> None:
    answer = member.post(
        "/tokens/create",
        typed(
            monthly_limit_nano_usd="10", daily_limit_nano_usd="0.5", total_limit_nano_usd="25.000000001",
            alert_percent="75", requests_per_minute="60", allowed_models=[chat.pk], allowed_networks=NETWORKS,
        ),
    )  # fmt: skip

    assert len(set(KEY.findall(answer.content.decode()))) == 1
    assert kept() == KeyLimits(
        total_limit_nano_usd=NanoUSD(25_000_000_001),
        monthly_limit_nano_usd=NanoUSD(10 * DOLLAR),
        daily_limit_nano_usd=NanoUSD(DOLLAR // 2),
        requests_per_minute=60,
        allowed_models=(chat.pk,),
        allowed_networks=("203.0.113.0/24", "2001:db8::/32"),
        alert_percent=75,
    )


def test_what_is_left_empty_is_not_limited(member: Client, chat: LanguageModel) -> None:
    member.post("/tokens/create", typed())

    assert kept() == KeyLimits()


def test_limits_are_folded_until_something_is_wrong_with_them(member: Client) -> None:
    closed = member.get("/tokens").content.decode()
    opened = member.post("/tokens/create", typed(alert_percent="101")).content.decode()

    assert '<details class="fold">' in closed
    assert '<details class="fold" open>' in opened


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("monthly_limit_nano_usd", "-1", "greater than or equal to 0"),
        ("total_limit_nano_usd", "1.0000000001", "no more than 9 decimal places"),
        ("daily_limit_nano_usd", "much", "Enter a number"),
        ("requests_per_minute", "0", "greater than or equal to 1"),
        ("alert_percent", "101", "less than or equal to 100"),
        ("allowed_networks", "10.0.0.0/8\nmy home", "“my home” is no network."),
        ("allowed_networks", "\n".join(f"10.0.0.{n}" for n in range(33)), "32 networks at most"),
        ("allowed_models", "0", "Select a valid choice"),
        ("expires_on", "2020-01-01", "This day is over"),
        ("name", " ", "This field is required"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_made(
    member: Client, field: str, text: str, told: str, headers: dict[str, str]
) -> None:
    answer = member.post("/tokens/create", typed(**{field: text}), headers=headers)

    page = answer.content.decode()
    errors = re.findall(rf'<ul class="errorlist" id="id_{field}_error">(.*?)</ul>', page)
    assert answer.status_code == 422
    assert len(errors) == 1
    assert told in words(errors[0])
    assert page.count('class="errorlist"') == 1
    assert not ApiKey.objects.exists()


def test_whatever_else_was_typed_is_still_there(member: Client, chat: LanguageModel) -> None:
    answer = member.post(
        "/tokens/create",
        typed(
            monthly_limit_nano_usd="-1", daily_limit_nano_usd="0.5", requests_per_minute="x",
            allowed_models=[chat.pk], allowed_networks="my home",
        ),
    )  # fmt: skip

    page = answer.content.decode()
    assert page.count('class="errorlist"') == 3
    assert all(f'value="{text}"' in page for text in ["Laptop", "-1", "0.5", "x"])
    assert re.search(rf'value="{chat.pk}"[^>]* checked', page)
    assert re.search(r"<textarea[^>]*>\s*my home</textarea>", page)


def test_a_key_is_changed_in_its_row(member: Client, api_key: ApiKey, chat: LanguageModel) -> None:
    page = member.get(f"/tokens/{api_key.pk}/edit", headers=HTMX).content.decode()

    form = page[page.index('<tr class="editing"') :]
    assert 'name="name" value="Laptop"' in form
    assert 'name="monthly_limit_nano_usd" value="1"' in form
    assert 'name="alert_percent" value="80"' in form
    assert 'name="daily_limit_nano_usd"' in form
    assert 'href="/tokens" hx-get="/tokens"' in form  # the way out


def test_saving_changes_the_key_and_says_so(member: Client, api_key: ApiKey) -> None:
    answer = member.post(
        f"/tokens/{api_key.pk}/edit", typed(name="Phone", daily_limit_nano_usd="2"), headers=HTMX
    )

    api_key.refresh_from_db()
    assert "The changes to “Phone” hold" in words(answer.content.decode())
    assert (api_key.name, kept()) == ("Phone", KeyLimits(daily_limit_nano_usd=NanoUSD(2 * DOLLAR)))


def test_without_htmx_saving_leads_back_to_the_list(member: Client, api_key: ApiKey) -> None:
    answer = member.post(f"/tokens/{api_key.pk}/edit", typed())

    assert answer.headers["Location"] == "/tokens"
    assert kept() == KeyLimits()


def test_a_change_that_is_refused_stays_in_the_row(member: Client, api_key: ApiKey) -> None:
    answer = member.post(
        f"/tokens/{api_key.pk}/edit", typed(name="Phone", allowed_networks="my home"), headers=HTMX
    )

    page = answer.content.decode()
    form = page[page.index('<tr class="editing"') :]
    assert answer.status_code == 422
    assert 'value="Phone"' in form
    assert "“my home” is no network." in words(form)
    assert kept().monthly_limit_nano_usd == DOLLAR


def test_the_two_forms_of_the_page_do_not_share_an_id(member: Client, api_key: ApiKey) -> None:
    page = member.get(f"/tokens/{api_key.pk}/edit").content.decode()

    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert 'id="id_name"' in page
    assert f'id="id_{api_key.pk}_name"' in page


def test_a_model_that_is_gone_stays_allowed_until_it_is_unticked(member: Client, customer: Customer) -> None:
    gone = ModelFactory.create(name="old-model", is_offered=False)
    limits = KeyLimits(allowed_models=(gone.pk,))
    api_key = spending_keys.create(customer, name="Laptop", limits=limits).api_key

    page = member.get(f"/tokens/{api_key.pk}/edit").content.decode()
    member.post(f"/tokens/{api_key.pk}/edit", typed(allowed_models=[gone.pk]))

    assert page.count("old-model") == 1  # in this key's form, not in that for a new one
    assert re.search(rf'value="{gone.pk}"[^>]* checked', page)
    assert kept() == limits


def test_the_last_day_of_a_key_that_has_expired_may_stay(member: Client, customer: Customer) -> None:
    expired_at = timezone.now() - timedelta(days=3, hours=5)
    api_key = spending_keys.create(customer, name="Old", expires_at=expired_at).api_key
    page = member.get(f"/tokens/{api_key.pk}/edit").content.decode()
    [day] = re.findall(r'name="expires_on" value="([^"]+)"', page)

    member.post(f"/tokens/{api_key.pk}/edit", typed(name="Older", expires_on=day))

    api_key.refresh_from_db()
    assert (api_key.name, api_key.expires_at) == ("Older", expired_at)


def test_a_key_can_be_made_to_expire_and_to_last(member: Client, api_key: ApiKey) -> None:
    last_day = timezone.localdate() + timedelta(days=3)
    member.post(f"/tokens/{api_key.pk}/edit", typed(expires_on=last_day.isoformat()))
    api_key.refresh_from_db()
    assert api_key.expires_at is not None
    page = member.get(f"/tokens/{api_key.pk}/edit").content.decode()

    member.post(f"/tokens/{api_key.pk}/edit", typed())

    api_key.refresh_from_db()
    assert f'name="expires_on" value="{last_day.isoformat()}"' in page
    assert api_key.expires_at is None


def test_a_row_shows_what_the_key_may_do(member: Client, customer: Customer, chat: LanguageModel) -> None:
    limits = KeyLimits(
        requests_per_minute=1_500, allowed_models=(chat.pk,), allowed_networks=("10.0.0.0/8", "10.1.0.0/16")
    )
    spending_keys.create(customer, name="Laptop", limits=limits)

    page = words(member.get("/tokens").content.decode())

    assert "only 1 model " in page
    assert "only from 2 networks" in page
    assert "at most 1,500 calls a minute" in page


@pytest.mark.parametrize(
    ("spent", "state"),
    [
        (DOLLAR // 2, 'class="state good">active'),
        (DOLLAR * 8 // 10, 'class="state warn">80 % spent'),
        (DOLLAR, 'class="state bad">limit reached'),
    ],
)
@pytest.mark.parametrize("path", ["/tokens", "/dashboard"])
def test_a_key_that_comes_near_its_limit_says_so(
    member: Client, api_key: ApiKey, spent: int, state: str, path: str
) -> None:
    month = timezone.localdate().replace(day=1)
    KeyAllowance.objects.update(month=month, month_spent_nano_usd=spent)

    page = member.get(path).content.decode()

    assert (state in page) is (path == "/tokens" or spent > DOLLAR // 2)


def test_a_meter_shows_how_much_of_a_limit_is_spent(member: Client, api_key: ApiKey) -> None:
    month = timezone.localdate().replace(day=1)
    KeyAllowance.objects.update(month=month, month_spent_nano_usd=DOLLAR // 4)

    page = member.get("/tokens").content.decode()

    assert page.count('class="meter"') == 1
    assert '<rect width="250" height="10"/>' in page
    assert "$0.25 0000 of $1.00" in words(page)


def test_a_new_secret_is_asked_for_once_and_said_to_be_for_ever(member: Client, api_key: ApiKey) -> None:
    page = words(member.get(f"/tokens/{api_key.pk}/rotate").content.decode())

    before = bytes(api_key.secret_hash)
    api_key.refresh_from_db()
    assert f"Give “Laptop” ({api_key.shown}) a new secret?" in page
    assert "This cannot be undone." in page
    assert bytes(api_key.secret_hash) == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_a_rotated_key_is_shown_once_and_keeps_all_but_its_secret(
    member: Client, api_key: ApiKey, headers: dict[str, str]
) -> None:
    KeyAllowance.objects.update(spent_nano_usd=7)
    limits = kept()

    answer = member.post(f"/tokens/{api_key.pk}/rotate", headers=headers)

    [text] = set(KEY.findall(answer.content.decode()))
    api_key.refresh_from_db()
    hashed = keyed_hash.digest(keyed_hash.API_KEY, api_keys.parse(text).secret)
    assert "“Laptop” has a new secret" in words(answer.content.decode())
    assert "no-store" in answer.headers["Cache-Control"]
    assert bytes(api_key.secret_hash) == hashed.value
    assert (kept(), KeyAllowance.objects.get().spent_nano_usd) == (limits, 7)
    assert KEY.findall(member.get("/tokens").content.decode()) == []


@pytest.mark.parametrize("act", ["edit", "rotate"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_key_can_neither_be_read_nor_changed(
    member: Client, foreign_key: ApiKey, act: str, method: str
) -> None:
    answer = getattr(member, method)(f"/tokens/{foreign_key.pk}/{act}", typed(name="Mine"))

    before = (foreign_key.name, bytes(foreign_key.secret_hash))
    foreign_key.refresh_from_db()
    assert answer.status_code == 404
    assert b"Theirs" not in answer.content
    assert (foreign_key.name, bytes(foreign_key.secret_hash)) == before


@pytest.mark.parametrize("act", ["edit", "rotate"])
def test_a_deleted_key_looks_like_none(member: Client, api_key: ApiKey, act: str) -> None:
    api_keys.revoke(api_key)

    assert member.get(f"/tokens/{api_key.pk}/{act}").status_code == 404
    assert member.post(f"/tokens/{api_key.pk}/{act}", typed()).status_code == 404
