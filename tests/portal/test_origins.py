"""Forms of pages that send no referrer are told from forgeries."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def post(**headers: str) -> int:
    """Send the form that changes the theme, with its token, as a browser does; return the status."""
    client = Client(enforce_csrf_checks=True)
    client.get("/login")
    token = client.cookies["csrftoken"].value
    form = {"theme": "dark", "csrfmiddlewaretoken": token}
    return client.post("/theme", form, headers=headers).status_code


def test_a_form_of_a_page_without_referrer_is_ours_if_its_browser_says_so() -> None:
    assert post(Origin="null", **{"Sec-Fetch-Site": "same-origin"}) == 302


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_a_form_without_an_origin_from_anywhere_else_is_refused(site: str) -> None:
    assert post(Origin="null", **{"Sec-Fetch-Site": site}) == 403


def test_what_a_browser_says_does_not_make_another_origin_ours() -> None:
    assert post(Origin="https://evil.example", **{"Sec-Fetch-Site": "same-origin"}) == 403


def test_the_token_is_demanded_all_the_same() -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post(
        "/theme", {"theme": "dark"}, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    )

    assert answer.status_code == 403
