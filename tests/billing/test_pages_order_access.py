"""Who sees the page of an order, and what everybody else sees."""

import re
from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.test import Client

from billing.models import Order, OrderMail
from billing.services import openings
from tests.billing.shoppers import (
    address,
    again,
    browser,
    buyer_of,
    delivered,
    look,
    page_of,
    press,
    secret_of,
    signed_in,
)
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def strangers(order: Order) -> list[Client]:
    return [Client(), browser("another browser"), signed_in(UserFactory.create())]


def test_a_foreign_order_and_an_unknown_one_get_the_same_answer() -> None:
    order = delivered()
    unknown = "ord_" + "0" * 20

    for client in strangers(order):
        foreign = client.get(address(order))
        missing = client.get(f"/orders/{unknown}")

        assert (foreign.status_code, missing.status_code) == (404, 404)
        assert same(foreign.content.decode(), order.reference) == same(missing.content.decode(), unknown)
        assert headers_of(foreign.headers) == headers_of(missing.headers)
        assert 'href="/orders/lookup"' in foreign.content.decode()
        assert foreign.cookies.keys() == missing.cookies.keys()


@pytest.mark.parametrize("act", ["ask", "test", "save", "roll", "claim", "pay"])
def test_no_act_works_on_a_foreign_order(act: str) -> None:
    order = delivered()

    for client in strangers(order):
        assert press(client, order, act).status_code == 404
    assert secret_of(again(order))


@pytest.mark.parametrize("act", ["ask", "test", "save", "roll", "claim"])
def test_the_address_of_an_act_leads_to_the_page(act: str) -> None:
    order = delivered()

    answer = buyer_of(order).get(f"{address(order)}/{act}")

    assert answer.headers["Location"] == address(order)


def test_the_owner_sees_the_order_in_any_browser_and_the_buyer_hears_of_it() -> None:
    user = UserFactory.create()
    order = delivered(user=user, as_code=True)

    page = page_of(signed_in(user), order)

    assert secret_of(order) in page
    assert order.mails.filter(kind=OrderMail.Kind.OPENED).count() == 1


def test_the_buyers_browser_is_no_news_however_often_it_looks() -> None:
    order = delivered()
    client = buyer_of(order)

    page_of(client, order)
    page_of(client, order)

    assert not order.mails.filter(kind=OrderMail.Kind.OPENED).exists()


def test_a_page_without_a_delivery_is_no_showing_of_it() -> None:
    user = UserFactory.create()
    order = delivered(user=user)

    page_of(signed_in(user), order)

    assert not order.browsers.exists()


def test_a_browser_gets_a_name_that_no_script_can_read() -> None:
    order = delivered()

    cookie = look(buyer_of(order), order).cookies[settings.BROWSER_COOKIE_NAME]

    assert (cookie["httponly"], cookie["samesite"], bool(cookie["secure"])) == (True, "Lax", False)


def test_in_production_the_name_travels_encrypted_only(settings: object) -> None:
    settings.SESSION_COOKIE_SECURE = True  # type: ignore[attr-defined]
    order = delivered()

    assert look(buyer_of(order), order).cookies["browser"]["secure"]


def test_a_name_that_we_did_not_sign_opens_nothing() -> None:
    order = delivered()
    openings.remember_buyer(order, "forged")
    client = Client()
    client.cookies = SimpleCookie({settings.BROWSER_COOKIE_NAME: "forged"})

    assert look(client, order).status_code == 404


def same(page: str, reference: str) -> str:
    """Return ``page`` without what differs between any two visits: its token, and the address asked for."""
    without_token = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', "", page)
    return without_token.replace(reference, "REFERENCE")


def headers_of(headers: object) -> dict[str, str]:
    known = dict(headers)  # type: ignore[call-overload]
    return {name: value for name, value in known.items() if name not in {"Expires", "Content-Length"}}
