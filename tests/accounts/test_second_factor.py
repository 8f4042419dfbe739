"""A second factor: switched on by its owner, asked for at every login, sealed in the database."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse

from portal.mfa_adapter import MfaAdapter
from tests.factories.accounts import PASSWORD, UserFactory

ADA = "ada@example.com"
STEP_SECONDS = 30


@pytest.fixture
def seed() -> str:
    """Register a person with an authenticator app and return what the app knows."""
    UserFactory.create(email=ADA)
    client = Client()
    give_password(client)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_activate_totp"))
    seed = str(client.session["mfa.totp.secret"])
    client.post(reverse("mfa_activate_totp"), {"code": code(seed)})
    return seed


@pytest.mark.django_db
def test_the_password_alone_no_longer_opens_the_account(seed: str) -> None:
    client = Client()

    answer = give_password(client)

    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert not is_logged_in(client)


@pytest.mark.django_db
def test_password_and_code_open_it(seed: str) -> None:
    client = Client()
    give_password(client)

    give_code(client, code(seed))

    assert is_logged_in(client)


@pytest.mark.django_db
def test_a_code_opens_once(seed: str) -> None:
    first, second, used = Client(), Client(), code(seed)
    give_password(first)
    give_code(first, used)
    give_password(second)

    give_code(second, f" {used} ")

    assert not is_logged_in(second)


@pytest.mark.django_db
def test_codes_are_guessed_no_more_often_than_passwords(seed: str) -> None:
    client = Client()
    give_password(client)
    for guess in range(5):
        give_code(client, f"{guess:06}")

    give_code(client, code(seed))

    assert not is_logged_in(client)


@pytest.mark.django_db
def test_the_database_alone_does_not_know_the_codes(seed: str) -> None:
    factors = {factor.type: factor.data for factor in Authenticator.objects.all()}

    assert seed not in str(factors)
    assert MfaAdapter().decrypt(factors["totp"]["secret"]) == seed
    assert MfaAdapter().decrypt(factors["recovery_codes"]["seed"])


@pytest.mark.django_db
def test_a_recovery_code_stands_in_for_a_lost_app_once(seed: str) -> None:
    recovery = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    first, second = Client(), Client()
    give_password(first)
    give_code(first, recovery)
    give_password(second)

    give_code(second, recovery)

    assert is_logged_in(first)
    assert not is_logged_in(second)


def give_password(client: Client) -> Any:
    return client.post(reverse("account_login"), {"login": ADA, "password": PASSWORD})


def give_code(client: Client, typed: str) -> Any:
    return client.post(reverse("mfa_authenticate"), {"code": typed})


def code(seed: str) -> str:
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // STEP_SECONDS)))


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
