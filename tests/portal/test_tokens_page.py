"""API keys: made, shown once, stopped, deleted; and never another person's."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Customer
from accounts.services import api_keys
from ledger.models import LanguageModel
from ledger.services import spending_keys
from tests.factories.accounts import CustomerFactory
from tests.portal.reading import words

ACTS = ["edit", "rotate", "disable", "enable", "delete"]
HTMX = {"HX-Request": "true"}
KEY = re.compile(r"sk-[0-9A-Za-z]{50}")


@pytest.fixture
def api_key(customer: Customer) -> ApiKey:
    """Return the customer's one key."""
    return spending_keys.create(customer, name="Laptop").api_key


@pytest.fixture
def foreign_key(db: None) -> ApiKey:
    """Return somebody else's key."""
    return spending_keys.create(CustomerFactory.create(), name="Theirs").api_key


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/tokens", "/tokens/create", *(f"/tokens/1/{act}" for act in ACTS)])
def test_a_stranger_is_asked_to_sign_in_first(path: str) -> None:
    assert Client().get(path).headers["Location"] == f"/login?next={path}"


def test_without_a_key_the_form_is_open(member: Client) -> None:
    page = member.get("/tokens").content.decode()

    assert '<details class="opener" open>' in page
    assert "No keys yet" in words(page)


def test_a_new_key_is_shown_with_samples_that_hold_it(member: Client, chat: LanguageModel) -> None:
    page = member.post("/tokens/create", {"name": "Laptop"}).content.decode()

    shown = KEY.findall(page)
    assert len(shown) == 3  # the copy field, curl, Python
    assert len(set(shown)) == 1
    assert api_keys.parse(shown[0]).key_id == ApiKey.objects.get().key_id


def test_a_key_is_shown_once(member: Client) -> None:
    member.post("/tokens/create", {"name": "Laptop"})

    assert KEY.findall(member.get("/tokens").content.decode()) == []


def test_a_page_with_a_key_is_stored_nowhere(member: Client) -> None:
    answer = member.post("/tokens/create", {"name": "Laptop"}, headers=HTMX)

    assert "no-store" in answer.headers["Cache-Control"]
    assert KEY.findall(str(dict(member.session))) == []


def test_htmx_gets_the_part_alone(member: Client) -> None:
    page = member.post("/tokens/create", {"name": "Laptop"}, headers=HTMX).content.decode()

    assert page.strip().startswith('<div class="stack roomy" id="keys">')
    assert 'id="new-key"' in page


def test_a_key_without_a_name_is_not_made(member: Client) -> None:
    answer = member.post("/tokens/create", {"name": " ", "expires_on": "2999-01-01"}, headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This field is required." in words(page)
    assert 'value="2999-01-01"' in page
    assert not ApiKey.objects.exists()


def test_a_key_works_to_the_end_of_its_last_day(member: Client) -> None:
    last_day = timezone.localdate() + timedelta(days=3)

    member.post("/tokens/create", {"name": "Guest", "expires_on": last_day.isoformat()})

    expires_at = ApiKey.objects.get().expires_at
    assert expires_at is not None
    assert timezone.localtime(expires_at).isoformat().startswith(f"{last_day + timedelta(days=1)}T00:00:00")


def test_a_day_that_is_over_is_refused_and_the_name_stays(member: Client) -> None:
    answer = member.post("/tokens/create", {"name": "Old", "expires_on": "2020-01-01"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This day is over" in words(page)
    assert 'value="Old"' in page


def test_the_list_shows_what_tells_keys_apart(member: Client, api_key: ApiKey) -> None:
    page = member.get("/tokens").content.decode()

    assert "Laptop" in page
    assert api_key.shown in page
    assert "never" in words(page)


def test_an_expired_key_says_so(member: Client, customer: Customer) -> None:
    spending_keys.create(customer, name="Old", expires_at=timezone.now() - timedelta(days=1))

    assert 'class="state bad">expired' in member.get("/tokens").content.decode()


def test_a_key_says_when_it_will_expire(member: Client, customer: Customer) -> None:
    spending_keys.create(customer, name="Guest", expires_at=timezone.now() + timedelta(days=2, hours=1))

    assert ">in 2 days</time>" in member.get("/tokens").content.decode()


def test_a_key_is_disabled_and_enabled_in_place(member: Client, api_key: ApiKey) -> None:
    disabled = member.post(f"/tokens/{api_key.pk}/disable", headers=HTMX).content.decode()
    enabled = member.post(f"/tokens/{api_key.pk}/enable", headers=HTMX).content.decode()

    assert 'class="state warn">disabled' in disabled
    assert 'class="state good">active' in enabled


def test_without_htmx_an_act_leads_back_to_the_list(member: Client, api_key: ApiKey) -> None:
    answer = member.post(f"/tokens/{api_key.pk}/disable")

    api_key.refresh_from_db()
    assert answer.headers["Location"] == "/tokens"
    assert api_key.state == ApiKey.State.DISABLED


def test_deleting_asks_first_and_says_that_it_is_for_ever(member: Client, api_key: ApiKey) -> None:
    page = words(member.get(f"/tokens/{api_key.pk}/delete").content.decode())

    api_key.refresh_from_db()
    assert f"Delete “Laptop” ({api_key.shown})?" in page
    assert "This cannot be undone." in page
    assert api_key.state == ApiKey.State.ACTIVE


def test_a_deleted_key_is_gone_from_the_list(member: Client, api_key: ApiKey) -> None:
    page = member.post(f"/tokens/{api_key.pk}/delete", headers=HTMX).content.decode()

    api_key.refresh_from_db()
    assert api_key.state == ApiKey.State.REVOKED
    assert api_key.shown not in page


@pytest.mark.parametrize("act", ["disable", "enable", "delete"])
def test_a_foreign_key_looks_like_none(member: Client, foreign_key: ApiKey, act: str) -> None:
    answer = member.post(f"/tokens/{foreign_key.pk}/{act}")

    foreign_key.refresh_from_db()
    assert answer.status_code == 404
    assert "There is no such API key" in words(answer.content.decode())
    assert foreign_key.state == ApiKey.State.ACTIVE


def test_a_foreign_key_cannot_be_looked_at(member: Client, foreign_key: ApiKey) -> None:
    answer = member.get(f"/tokens/{foreign_key.pk}/delete")

    assert answer.status_code == 404
    assert b"Theirs" not in answer.content


def test_the_list_is_one_persons_own(member: Client, foreign_key: ApiKey) -> None:
    assert b"Theirs" not in member.get("/tokens").content


@pytest.mark.parametrize("act", ["create", "1/disable", "1/enable"])
def test_an_address_that_acts_leads_readers_to_the_list(member: Client, act: str) -> None:
    assert member.get(f"/tokens/{act}").headers["Location"] == "/tokens"


def test_the_old_name_of_the_page_leads_here(member: Client) -> None:
    assert member.get("/token").headers["Location"] == "/tokens"
