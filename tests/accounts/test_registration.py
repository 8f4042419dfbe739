"""From a form to a person with a proven address."""

import re
from typing import Any

import pytest
from allauth.account.forms import SignupForm
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings as site
from django.core import mail
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from tests.factories.accounts import PASSWORD, UserFactory
from tests.hashers import CountingHasher
from tests.together import together

ADA = "ada@example.com"
NEW_PASSWORD = {"password1": "a loud brook at noon", "password2": "a loud brook at noon"}


@pytest.mark.django_db
def test_a_newcomer_waits_until_the_address_is_proven() -> None:
    client = Client()

    answer = register(client, ADA)

    assert answer.headers["Location"] == reverse("account_email_verification_sent")
    assert not is_logged_in(client)
    assert not EmailAddress.objects.get(email=ADA).verified


@pytest.mark.django_db
def test_opening_the_mailed_link_confirms_nothing_yet() -> None:
    client = Client()
    register(client, ADA)

    page = client.get(mailed_path())

    assert 'method="post"' in page.content.decode()
    assert not EmailAddress.objects.get(email=ADA).verified


@pytest.mark.django_db
def test_the_button_confirms_and_logs_in_the_browser_that_registered() -> None:
    client = Client()
    register(client, ADA)

    answer = client.post(mailed_path())

    assert answer.headers["Location"] == reverse(site.LOGIN_REDIRECT_URL)
    assert EmailAddress.objects.get(email=ADA).verified
    assert is_logged_in(client)


@pytest.mark.django_db
def test_in_another_browser_the_button_confirms_and_leads_to_the_login() -> None:
    register(Client(), ADA)
    other = Client()

    answer = other.post(mailed_path())

    assert answer.headers["Location"] == reverse("account_login")
    assert EmailAddress.objects.get(email=ADA).verified
    assert not is_logged_in(other)


@pytest.mark.django_db
def test_a_used_link_logs_nobody_in() -> None:
    register(Client(), ADA)
    link = mailed_path()
    Client().post(link)
    thief = Client()

    answer = thief.post(link)

    assert answer.status_code == 404
    assert not is_logged_in(thief)


@pytest.mark.django_db
def test_without_a_proven_address_the_password_opens_nothing() -> None:
    UserFactory.create(email=ADA, email_address__verified=False)
    client = Client()

    answer = client.post(reverse("account_login"), {"login": ADA, "password": PASSWORD})

    assert answer.headers["Location"] == reverse("account_email_verification_sent")
    assert not is_logged_in(client)


@pytest.mark.django_db
def test_an_address_that_is_taken_looks_free_and_its_owner_gets_a_mail() -> None:
    UserFactory.create(email=ADA)

    taken, free = register(Client(), ADA), register(Client(), "new@example.com")

    assert (taken.status_code, taken.headers["Location"]) == (free.status_code, free.headers["Location"])
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        ([ADA], "You already have an account"),
        (["new@example.com"], "Confirm your e-mail address"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("email", [ADA, "new@example.com"], ids=["taken", "free"])
def test_registering_takes_the_time_of_one_hash_for_a_taken_address_too(
    settings: Settings, email: str
) -> None:
    UserFactory.create(email=ADA)
    settings.PASSWORD_HASHERS = ["tests.hashers.CountingHasher"]
    CountingHasher.hashed = 0

    register(Client(), email)

    assert CountingHasher.hashed == 1


@pytest.mark.django_db(transaction=True)
def test_an_address_that_was_taken_since_the_form_looked_is_answered_the_same() -> None:
    with context.request_context(RequestFactory().post("/")):
        form = SignupForm({"email": ADA, "password1": PASSWORD, "password2": PASSWORD})
        assert form.is_valid()
        UserFactory.create(email=ADA)

        with pytest.raises(ImmediateHttpResponse) as answered:
            form.try_save(context.request)

    assert answered.value.response.headers["Location"] == reverse("account_email_verification_sent")


@pytest.mark.usefixtures("shared_limits")
def test_of_many_who_register_one_address_at_once_all_see_the_same() -> None:
    answers = together(8, lambda _: register(Client(), ADA))

    assert {answer.headers["Location"] for answer in answers if isinstance(answer, HttpResponse)} == {
        reverse("account_email_verification_sent")
    }
    assert [isinstance(answer, HttpResponse) for answer in answers] == [True] * 8
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_language_of_the_page_is_the_language_of_the_mails() -> None:
    register(Client(headers={"Accept-Language": "zh-CN"}), ADA)

    assert User.objects.get().language == "zh-hans"
    assert '<html lang="zh-hans">' in mail.outbox[0].message().as_string()


@pytest.mark.django_db
def test_a_mail_is_written_in_the_language_of_its_reader_whoever_caused_it() -> None:
    UserFactory.create(email=ADA, language="zh-hans")

    register(Client(headers={"Accept-Language": "en"}), ADA)

    assert '<html lang="zh-hans">' in mail.outbox[0].message().as_string()


@pytest.mark.django_db
def test_a_login_in_another_language_changes_the_language_of_the_mails() -> None:
    user = UserFactory.create(email=ADA)

    login = {"login": ADA, "password": PASSWORD}
    Client(headers={"Accept-Language": "zh-CN"}).post(reverse("account_login"), login)

    user.refresh_from_db()
    assert user.language == "zh-hans"


@pytest.mark.django_db
def test_a_new_address_takes_the_place_of_the_old_when_it_is_proven() -> None:
    user = UserFactory.create(email=ADA)
    client = logged_in(ADA)

    client.post(reverse("account_email"), {"action_add": "", "email": "lovelace@example.com"})
    client.post(mailed_path())

    user.refresh_from_db()
    assert user.email == "lovelace@example.com"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("lovelace@example.com", True)]


@pytest.mark.django_db
def test_an_address_that_somebody_else_registered_meanwhile_is_not_taken_over() -> None:
    user = UserFactory.create(email=ADA)
    client = logged_in(ADA)
    client.post(reverse("account_email"), {"action_add": "", "email": "lovelace@example.com"})
    UserFactory.create(email="lovelace@example.com", email_address=None)

    client.post(mailed_path())

    user.refresh_from_db()
    assert user.email == ADA


@pytest.mark.django_db
def test_a_new_password_ends_every_other_session() -> None:
    UserFactory.create(email=ADA)
    here, elsewhere = logged_in(ADA), logged_in(ADA)

    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **NEW_PASSWORD})

    assert here.get(reverse("account_email")).status_code == 200
    assert elsewhere.get(reverse("account_email")).status_code == 302


@pytest.mark.django_db
def test_a_forgotten_password_is_replaced_by_a_mailed_link_once() -> None:
    user = UserFactory.create(email=ADA)
    Client().post(reverse("account_reset_password"), {"email": ADA})
    link = mailed_path()
    client = Client()

    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, NEW_PASSWORD)

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD["password1"])
    assert Client().get(link).status_code == 200  # no form any more, but a page that says so
    assert not is_logged_in(client)


@pytest.mark.django_db
def test_asking_for_a_new_password_tells_nobody_who_has_an_account() -> None:
    UserFactory.create(email=ADA)
    ask = reverse("account_reset_password")

    known = Client().post(ask, {"email": ADA})
    unknown = Client().post(ask, {"email": "nobody@example.com"})

    assert known.status_code == unknown.status_code
    assert known.headers["Location"] == unknown.headers["Location"]
    assert [letter.to for letter in mail.outbox] == [[ADA], ["nobody@example.com"]]


def register(client: Client, email: str) -> Any:
    form = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    return client.post(reverse("account_signup"), form)


def logged_in(email: str) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def mailed_path() -> str:
    link = re.search(rf"{site.PUBLIC_URL}(/\S+/\S+)", str(mail.outbox[-1].body))
    assert link
    return link[1]
