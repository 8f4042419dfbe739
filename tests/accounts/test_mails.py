"""Mails: the same words as text and as HTML, links that lead home, and no fault when none can be sent."""

import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.conf import settings as site
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django import Settings

from accounts.models import User
from tests.factories.accounts import PASSWORD, UserFactory

ADA = "ada@example.com"
LETTERS = [
    ("account/email/account_already_exists", "password_reset_url"),
    ("account/email/email_confirmation", "activate_url"),
    ("account/email/email_confirmation_signup", "activate_url"),
    ("account/email/password_reset_key", "password_reset_url"),
    ("account/email/unknown_account", "signup_url"),
]
NOTICES = [
    ("account/email/email_changed", {"from_email": ADA, "to_email": "lovelace@example.com"}),
    ("account/email/email_deleted", {"deleted_email": "lovelace@example.com"}),
    ("account/email/password_changed", {}),
    ("account/email/password_reset", {}),
    ("account/email/password_set", {}),
    ("mfa/email/recovery_codes_generated", {}),
    ("mfa/email/totp_activated", {}),
    ("mfa/email/totp_deactivated", {}),
    ("mfa/email/webauthn_added", {}),
    ("mfa/email/webauthn_removed", {}),
]


@pytest.fixture
def no_mail_server(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


@pytest.mark.django_db
@pytest.mark.parametrize(("template", "link"), LETTERS)
def test_a_mail_says_the_same_as_text_and_as_html(template: str, link: str) -> None:
    with request_context(RequestFactory().get("/")):
        get_adapter().send_mail(template, ADA, {link: "http://elsewhere.example/account/some/where"})

    html = html_of(sent())
    words = strip_tags(html.split("</head>")[1].replace("<br>", " ")).split()
    assert words == sent().body.split()
    assert html.count("<a ") == html.count(f'<a href="{site.PUBLIC_URL}/account/some/where"') == 1
    assert "elsewhere" not in html


@pytest.mark.django_db
@pytest.mark.parametrize(("template", "facts"), NOTICES)
def test_a_notice_says_what_happened_from_where_and_what_to_do(template: str, facts: dict[str, str]) -> None:
    notify(UserFactory.create(email=ADA), template, facts)

    text = sent().body
    assert sent().to == [ADA]
    assert [fact for fact in facts.values() if fact not in text] == []
    assert "198.51.100.7" in text
    assert site.PUBLIC_URL + reverse("account_reset_password") in text


@pytest.mark.django_db
def test_what_a_person_typed_stays_text_in_html() -> None:
    notify(UserFactory.create(), "account/email/email_deleted", {"deleted_email": "<b>'x'</b>@example.com"})

    assert "<b>'x'</b>@example.com" in sent().body
    assert "<b>" not in html_of(sent())


@pytest.mark.django_db
@pytest.mark.usefixtures("no_mail_server")
def test_a_registration_whose_mail_cannot_be_sent_asks_for_patience(caplog: pytest.LogCaptureFixture) -> None:
    form = {"email": ADA, "password1": PASSWORD, "password2": PASSWORD}

    answer = Client().post(reverse("account_signup"), form)

    assert answer.status_code == 503
    assert "email_confirmation_signup not sent: ConnectionRefusedError" in caplog.text
    assert ADA not in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("no_mail_server")
def test_a_change_that_is_made_does_not_fail_for_want_of_its_notice() -> None:
    notify(UserFactory.create(), "account/email/password_changed", {})


def notify(user: User, template: str, facts: dict[str, str]) -> None:
    with request_context(RequestFactory().get("/", REMOTE_ADDR="198.51.100.7")):
        get_adapter().send_notification_mail(template, user, facts)


def sent() -> EmailMultiAlternatives:
    (letter,) = mail.outbox
    assert isinstance(letter, EmailMultiAlternatives)
    return letter


def html_of(letter: EmailMultiAlternatives) -> str:
    return str(letter.alternatives[0][0])
