"""Every page of allauth in our frame: signing up and in, second factors, passwords, sessions."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, User
from tests.factories.accounts import PASSWORD
from tests.portal.reading import english_left

CHINESE = {"Accept-Language": "zh-hans"}
FOR_EVERYBODY = [
    "account_login", "account_signup", "account_reset_password", "account_reset_password_done",
    "account_email_verification_sent", "account_inactive", "account_reset_password_from_key_done",
]  # fmt: skip
FOR_MEMBERS = [
    "account_email", "account_change_password", "account_logout", "account_reauthenticate", "mfa_index",
    "mfa_list_webauthn", "mfa_add_webauthn", "usersessions_list",
]  # fmt: skip
WITH_A_SECOND_FACTOR = [
    "mfa_index", "mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_view_recovery_codes",
    "mfa_reauthenticate",
]  # fmt: skip


@pytest.fixture
def person(customer: Customer) -> User:
    assert customer.user is not None
    return customer.user


@pytest.fixture
def signed_in(person: User) -> Client:
    """Return a browser in which the person typed the password a moment ago."""
    client = Client()
    client.post("/login", {"login": person.email, "password": PASSWORD}, headers=CHINESE)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD}, headers=CHINESE)
    return client


def assert_ours(answer: Any, *names: str) -> None:
    """The page stands in our frame, speaks Chinese alone, and brings no script and no style of its own."""
    page = answer.content.decode()
    assert answer.status_code == 200
    assert '<header class="head">' in page
    assert '<html lang="zh-hans">' in page
    assert english_left(page, *names) == set()
    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page) == []
    assert re.findall(r'<style|\son\w+="', page) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", FOR_EVERYBODY)
def test_a_page_for_everybody_stands_in_our_frame(name: str) -> None:
    assert_ours(Client().get(reverse(name), headers=CHINESE))


@pytest.mark.parametrize("name", FOR_MEMBERS)
def test_a_page_for_members_stands_in_our_frame(signed_in: Client, person: User, name: str) -> None:
    answer = signed_in.get(reverse(name), headers=CHINESE)

    assert_ours(answer, person.email)


@pytest.mark.parametrize("name", WITH_A_SECOND_FACTOR)
def test_a_page_about_a_second_factor_stands_in_our_frame(signed_in: Client, person: User, name: str) -> None:
    TOTP.activate(person, generate_totp_secret())
    signed_in.post(reverse("mfa_generate_recovery_codes"), headers=CHINESE)

    answer = signed_in.get(reverse(name), headers=CHINESE, follow=True)

    assert_ours(answer, person.email)


def test_adding_an_authenticator_app_stands_in_our_frame(signed_in: Client, person: User) -> None:
    answer = signed_in.get(reverse("mfa_activate_totp"), headers=CHINESE)

    assert_ours(answer, person.email, answer.context["form"].secret)
    assert 'class="qr"' in answer.content.decode()


def test_the_second_step_of_signing_in_stands_in_our_frame(person: User) -> None:
    TOTP.activate(person, generate_totp_secret())

    answer = Client().post(
        "/login", {"login": person.email, "password": PASSWORD}, headers=CHINESE, follow=True
    )

    assert answer.redirect_chain[-1][0] == reverse("mfa_authenticate")
    assert_ours(answer)


@pytest.mark.django_db
def test_confirming_an_address_stands_in_our_frame() -> None:
    client = Client()
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    client.post("/register", {"email": "ada@example.com", **passwords}, headers=CHINESE)

    assert_ours(client.get(mailed_path(), headers=CHINESE), "ada@example.com")


@pytest.mark.django_db
def test_a_broken_confirmation_link_stands_in_our_frame() -> None:
    assert_ours(Client().get(reverse("account_confirm_email", args=["nonsense"]), headers=CHINESE))


def test_choosing_a_new_password_stands_in_our_frame(person: User) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": person.email}, headers=CHINESE)

    assert_ours(client.get(mailed_path(), headers=CHINESE, follow=True))


@pytest.mark.django_db
def test_a_broken_password_link_stands_in_our_frame() -> None:
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "nonsense"})

    assert_ours(Client().get(path, headers=CHINESE))


def test_setting_a_first_password_stands_in_our_frame(signed_in: Client, person: User) -> None:
    person.set_unusable_password()
    person.save(update_fields=["password"])
    signed_in.force_login(person)

    assert_ours(signed_in.get(reverse("account_set_password"), headers=CHINESE), person.email)


def test_an_address_that_waits_for_its_proof_stands_in_our_frame(signed_in: Client, person: User) -> None:
    EmailAddress.objects.create(user=person, email="new@example.com", verified=False)

    answer = signed_in.get(reverse("account_email"), headers=CHINESE)

    assert_ours(answer, person.email, "new@example.com")


@pytest.mark.django_db
def test_an_error_stands_by_its_field_and_the_typed_address_stays() -> None:
    page = Client().post("/login", {"login": "ada@example", "password": "x"}).content.decode()

    assert 'value="ada@example"' in page
    assert 'id="id_login_error"' in page
    assert re.search(r'aria-describedby="[^"]*id_login_error', page)


@pytest.mark.django_db
def test_an_error_of_the_whole_form_is_announced() -> None:
    page = Client().post("/login", {"login": "ada@example.com", "password": "wrong"}).content.decode()

    assert '<div class="form-errors" role="alert">' in page


def mailed_path() -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found.group(1)
