"""The admin is entered by the site's own login, and shows no secret."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from portal.admin_config import HIDDEN
from portal.admin_site import PortalAdminSite
from tests.factories.accounts import PASSWORD, StaffFactory, SuperuserFactory, UserFactory


def test_the_one_admin_is_ours() -> None:
    assert isinstance(admin.site._wrapped, PortalAdminSite)  # type: ignore[attr-defined]


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["admin:index", "admin:login", "admin:accounts_user_changelist"])
def test_a_stranger_is_sent_to_the_login_of_the_site(page: str) -> None:
    answer = Client().get(reverse(page), follow=True)

    assert answer.redirect_chain[-1][0].split("?")[0] == reverse("account_login")


@pytest.mark.django_db
@pytest.mark.parametrize("who", [None, StaffFactory], ids=["stranger", "staff"])
def test_the_admin_takes_no_password(who: type[StaffFactory] | None) -> None:
    owner = SuperuserFactory.create()
    client = Client() if who is None else logged_in(who)
    before = client.session.get("_auth_user_id")

    client.post(reverse("admin:login"), {"username": owner.email, "password": PASSWORD})

    assert client.session.get("_auth_user_id") == before


@pytest.mark.django_db
def test_a_customer_is_refused() -> None:
    client = logged_in(UserFactory)

    assert client.get(reverse("admin:login")).status_code == 403
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


@pytest.mark.django_db
def test_staff_come_to_the_index() -> None:
    client = logged_in(StaffFactory)

    assert client.get(reverse("admin:login"), follow=True).redirect_chain == [(reverse("admin:index"), 302)]


@pytest.mark.django_db
def test_a_password_is_changed_where_guesses_are_counted() -> None:
    answer = logged_in(StaffFactory).get(reverse("admin:password_change"))

    assert answer.headers["Location"] == reverse("account_change_password")


@pytest.mark.parametrize("label", HIDDEN)
def test_sessions_tokens_and_second_factors_are_not_shown(label: str) -> None:
    assert not admin.site.is_registered(apps.get_model(label))


@pytest.mark.django_db
def test_whoever_is_no_longer_active_is_out_at_once() -> None:
    staff = StaffFactory.create()
    client = Client()
    client.force_login(staff)

    staff.is_active = False
    staff.save()

    assert client.get(reverse("admin:index")).status_code == 302


def logged_in(factory: type[UserFactory]) -> Client:
    client = Client()
    client.force_login(factory.create())
    return client
