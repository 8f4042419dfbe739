"""Codes in the admin: found by their whole text, shown without it, and changed by nobody."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from redemption.models import Code
from redemption.services import code_text, wallets
from tests.factories.accounts import CustomerFactory, StaffFactory
from tests.factories.redemption import codes_of, issued_batch, new_code

LIST = "admin:redemption_code_changelist"
PAGE = "admin:redemption_code_change"
FIND = "admin:redemption_code_find"

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    user = StaffFactory.create()
    user.user_permissions.set(Permission.objects.filter(codename="view_code"))
    return user


@pytest.fixture
def browser(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


def test_a_code_is_found_by_its_whole_text_however_it_was_typed(browser: Client) -> None:
    text = new_code()

    answer = browser.post(reverse(FIND), {"code": f" {code_text.grouped(text).lower()} "})

    assert answer["Location"] == reverse(PAGE, args=[Code.objects.get().pk])


@pytest.mark.parametrize("typed", ["", "0000", "0" * 26 + "01", "x" * 300])
def test_staff_are_told_when_there_is_no_such_code(browser: Client, typed: str) -> None:
    answer = browser.post(reverse(FIND), {"code": typed}, follow=True)

    assert "There is no such code." in answer.text
    assert answer.redirect_chain == [(reverse(LIST), 302)]


def test_a_code_is_never_sought_by_an_address(browser: Client) -> None:
    text = new_code()

    assert browser.get(reverse(FIND), {"code": text}).status_code == 405
    assert 'method="post"' in browser.get(reverse(LIST)).text


def test_the_page_of_a_code_tells_its_story_but_not_its_text(browser: Client) -> None:
    text, customer = new_code(expires_at=timezone.now() + timedelta(days=1)), CustomerFactory.create()
    wallets.redeem(typed_code=text, customer=customer, address="192.0.2.1")
    code = Code.objects.get()

    page = browser.get(reverse(PAGE, args=[code.pk])).text

    assert str(customer) in page
    assert "$1.00" in page
    assert text[-4:] in page
    assert text[:8] not in page.replace("-", "")
    assert bytes(code.code_hash).hex() not in page
    assert "code_hash" not in page


def test_nobody_changes_adds_or_deletes_a_code(client: Client) -> None:
    new_code()
    code = Code.objects.get()
    client.force_login(StaffFactory.create(is_superuser=True))

    client.post(reverse(PAGE, args=[code.pk]), {"state": "voided"})

    assert Code.objects.get().state == Code.State.LIVE
    assert client.get(reverse("admin:redemption_code_add")).status_code == 403
    assert client.get(reverse("admin:redemption_code_delete", args=[code.pk])).status_code == 403


def test_the_list_takes_the_same_few_queries_for_any_number_of_codes(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    batch = issued_batch(count=60)

    with django_assert_max_num_queries(9):
        page = browser.get(reverse(LIST)).text

    assert f"…{codes_of(batch)[-1][-4:]}" in page


def test_within_a_batch_the_list_can_be_narrowed_by_state(browser: Client) -> None:
    batch, _other = issued_batch(count=2), issued_batch(count=2)
    wallets.redeem(typed_code=codes_of(batch)[0], customer=CustomerFactory.create(), address="192.0.2.1")

    page = browser.get(reverse(LIST), {"batch": str(batch.pk), "state": "redeemed"}).text

    assert "1 code" in page
    assert "2 codes" not in page


def test_over_all_codes_no_state_is_offered(browser: Client) -> None:
    assert "state__exact" not in browser.get(reverse(LIST)).text


def test_finding_asks_for_the_permission_to_see_codes(client: Client) -> None:
    text = new_code()
    client.force_login(StaffFactory.create())

    assert client.post(reverse(FIND), {"code": text}).status_code == 403
