"""People at the shop's pages: in the browser that checked out, in another one, or signed in."""

from typing import Any

from django.conf import settings
from django.core import signing
from django.test import Client

from accounts.models import User
from billing.models import Order
from billing.services import delivery, openings, showing
from billing.views.browsers import COOKIE_SALT
from tests.billing import paying
from tests.factories import billing as make

HTMX = {"HX-Request": "true"}
CHINESE = {"Accept-Language": "zh-hans"}
CHECKOUT_URL = "https://pay.example/checkout/1"


def in_state(state: Order.State) -> Order:
    """Return an order in one of the states before its delivery."""
    order = paying.paid() if state in {Order.State.PAID, Order.State.DELIVERING} else make.order()
    Order.objects.update(state=state, checkout_id="ch_1", checkout_url=CHECKOUT_URL)
    return again(order)


def delivered(*, user: User | None = None, as_code: bool = False) -> Order:
    """Return an order that was paid and delivered."""
    package = make.package(delivery="code" if as_code else "auto")
    order = paying.paid(package, user=user)
    delivery.deliver(order.pk)
    return again(order)


def again(order: Order) -> Order:
    """Return the order as its row is now."""
    return Order.objects.get(pk=order.pk)


def browser(name: str = "a browser") -> Client:
    """Return a browser that the shop knows by that name."""
    client = Client()
    signer = signing.get_cookie_signer(salt=settings.BROWSER_COOKIE_NAME + COOKIE_SALT)
    client.cookies[settings.BROWSER_COOKIE_NAME] = signer.sign(name)
    return client


def buyer_of(order: Order) -> Client:
    """Return the browser that ``order`` was bought in."""
    openings.remember_buyer(order, "the buyer's browser")
    return browser("the buyer's browser")


def signed_in(user: User) -> Client:
    """Return a browser in which ``user`` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, order: Order, **headers: str) -> str:
    """Return the order's page as this browser sees it."""
    answer = look(client, order, **headers)
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page


def look(client: Client, order: Order, **headers: str) -> Any:
    return client.get(address(order), headers=headers)


def press(client: Client, order: Order, act: str, *, htmx: bool = False) -> Any:
    """Press one of the buttons of the order's page."""
    return client.post(f"{address(order)}/{act}", headers=HTMX if htmx else {})


def secret_of(order: Order) -> str:
    """Return the key or the code that the order's page shows."""
    secret = showing.secret_of(order)
    assert secret
    return secret


def address(order: Order) -> str:
    return f"/orders/{order.reference}"
