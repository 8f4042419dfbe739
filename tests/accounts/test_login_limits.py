"""Guessing passwords: exactly as many as the limits say reach the check, whatever the guesser sends along."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.signals import user_login_failed
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.factories.accounts import PASSWORD, UserFactory
from tests.together import together

ADA = "ada@example.com"
ALLOWED = 5


@pytest.fixture(autouse=True)
def one_limit_at_a_time(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": f"{ALLOWED}/5m/key"}


@pytest.fixture
def checked() -> Iterator[list[str]]:
    """Collect the addresses whose password was really compared, and found wrong."""
    addresses: list[str] = []

    def note(credentials: dict[str, str], **about: object) -> None:
        addresses.append(credentials["email"])

    user_login_failed.connect(note)
    yield addresses
    user_login_failed.disconnect(note)


@pytest.mark.usefixtures("shared_limits")
def test_of_64_wrong_passwords_at_once_five_are_compared(checked: list[str]) -> None:
    UserFactory.create(email=ADA)

    answers = together(64, lambda number: log_in(ADA, f"wrong {number}"))

    assert [answer.status_code for answer in answers if isinstance(answer, HttpResponse)] == [200] * 64
    assert checked == [ADA] * ALLOWED


@pytest.mark.usefixtures("shared_limits")
def test_of_64_accounts_guessed_at_once_from_one_address_five_are_compared(
    settings: Settings, checked: list[str]
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": f"{ALLOWED}/5m/ip"}

    together(64, lambda number: log_in(f"person{number}@example.com", "wrong"))

    assert len(checked) == ALLOWED


@pytest.mark.django_db
@pytest.mark.parametrize(
    "disguise",
    [
        {"headers": {"X-Forwarded-For": "198.51.100.{}"}},
        {"headers": {"X-Real-IP": "198.51.100.{}"}},
        {"headers": {"Forwarded": "for=198.51.100.{}"}},
        {"headers": {"Host": "localhost:70{}"}},
    ],
    ids=lambda disguise: next(iter(disguise["headers"])),
)
@pytest.mark.parametrize("per", ["key", "ip"])
def test_no_header_of_the_guesser_buys_more_guesses(
    settings: Settings, checked: list[str], per: str, disguise: dict[str, dict[str, str]]
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": f"{ALLOWED}/5m/{per}"}
    (name, value), numbers = next(iter(disguise["headers"].items())), count(10)

    answers = [log_in(ADA, "wrong", headers={name: value.format(next(numbers))}) for _ in range(ALLOWED + 3)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(checked) == ALLOWED


@pytest.mark.django_db
def test_behind_a_proxy_the_address_that_the_proxy_saw_is_the_one_that_counts(
    settings: Settings, checked: list[str]
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": f"{ALLOWED}/5m/ip"}

    for number in range(ALLOWED + 3):
        log_in(ADA, "wrong", headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"})
    log_in(ADA, "wrong", headers={"X-Forwarded-For": "203.0.113.10"})

    assert len(checked) == ALLOWED + 1


@pytest.mark.django_db
def test_an_address_written_otherwise_is_the_same_account(checked: list[str]) -> None:
    spellings = [ADA, ADA.upper(), f" {ADA} ", "Ada@example.com"] * 2

    for spelling in spellings:
        log_in(spelling, "wrong")

    assert len(checked) == ALLOWED


@pytest.mark.django_db
def test_the_right_password_does_not_open_a_used_up_login() -> None:
    UserFactory.create(email=ADA)
    for _ in range(ALLOWED):
        log_in(ADA, "wrong")
    client = Client()

    answer = log_in(ADA, PASSWORD, client=client)

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_right_passwords_use_nothing_up() -> None:
    UserFactory.create(email=ADA)

    answers = [log_in(ADA, PASSWORD) for _ in range(ALLOWED + 1)]

    assert {answer.status_code for answer in answers} == {302}


@pytest.mark.django_db
def test_no_password_is_compared_when_attempts_cannot_be_counted(checked: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE portal_cache RENAME TO gone")

    with pytest.raises(DatabaseError):
        log_in(ADA, "wrong")

    assert checked == []


def log_in(email: str, password: str, *, client: Client | None = None, **request: Any) -> Any:
    guess = {"login": email, "password": password}
    return (client or Client()).post(reverse("account_login"), guess, **request)
