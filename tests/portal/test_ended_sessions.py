"""A session that ended under an open page."""

import pytest
from django.test import Client

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/tokens?from=mail"}


@pytest.mark.django_db
def test_htmx_sends_the_whole_page_to_sign_in_and_back() -> None:
    answer = Client().post("/tokens/create", {"name": "Laptop"}, headers=HTMX)

    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/login?next=/tokens%3Ffrom%3Dmail"


@pytest.mark.django_db
def test_a_page_of_another_site_is_no_way_back() -> None:
    elsewhere = {**HTMX, "HX-Current-URL": "https://evil.example/tokens"}

    answer = Client().post("/tokens/create", {"name": "Laptop"}, headers=elsewhere)

    assert answer.headers["HX-Redirect"] == "/login?next=/"


@pytest.mark.django_db
def test_a_browser_without_htmx_is_redirected_as_ever() -> None:
    assert Client().get("/tokens").status_code == 302


def test_other_redirects_stay_redirects(member: Client) -> None:
    assert member.get("/tokens/create", headers=HTMX).status_code == 302
