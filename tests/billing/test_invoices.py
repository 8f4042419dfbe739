"""Tax on the page of an order, and the provider's invoices for its owner."""

import pytest
from django.test import Client

from accounts.models import User
from billing.errors import InvoicesUnavailable
from billing.models import Order, Payment
from billing.services import checkouts, invoices
from tests.billing import shoppers
from tests.factories import billing as make
from tests.sandbox.running_creem import RunningCreem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bought(creem: RunningCreem, user: User, nudges: list[tuple[str, int]]) -> Order:
    """Return an order of ``user`` that was paid at the sandbox's Creem, with tax."""
    order = make.order(user=user)
    checkouts.open_page(order)
    order.refresh_from_db()
    assert creem.control(f"/checkouts/{order.checkout_id}/pay", {"email": user.email, "country": "NL"}).ok
    return checkouts.ask(order.pk)


def test_the_owner_is_led_to_the_invoices(bought: Order, user: User) -> None:
    browser = shoppers.signed_in(user)

    page = shoppers.page_of(browser, bought)
    answer = shoppers.press(browser, bought, "invoices").content.decode()

    assert 'id="invoices"' in page
    assert invoices.page_url(bought) in answer


def test_nobody_else_is_even_if_the_order_opens_for_them(bought: Order) -> None:
    browser = shoppers.buyer_of(bought)

    answer = shoppers.press(browser, bought, "invoices")

    assert 'id="invoices"' not in shoppers.page_of(browser, bought)
    assert answer.status_code == 302
    assert answer.url == shoppers.address(bought)


def test_a_provider_that_is_away_is_told_as_such(creem: RunningCreem, bought: Order, user: User) -> None:
    creem.fail(mode="fail", status=503)

    answer = shoppers.press(shoppers.signed_in(user), bought, "invoices")

    assert answer.status_code == 503
    assert "did not open your invoices" in answer.content.decode()


def test_an_order_without_a_payment_there_has_no_invoices(client: Client) -> None:
    with pytest.raises(InvoicesUnavailable):
        invoices.page_url(make.order())


def test_tax_stands_apart_on_the_page(bought: Order, user: User) -> None:
    Payment.objects.update(tax_cents=210, paid_cents=1210)

    page = shoppers.page_of(shoppers.signed_in(user), bought)

    assert "<dt>Tax</dt><dd>" in page
    assert "$2.10" in page
    assert "$12.10" in page
