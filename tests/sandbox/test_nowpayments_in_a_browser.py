"""A person chooses a coin and pays on the hosted pages, which fit on every screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.running_nowpayments import RunningNowPayments

pytestmark = pytest.mark.browser


@pytest.fixture(params=[1280, 360])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    yield context.new_page()
    context.close()


def test_a_buyer_chooses_a_coin_sends_it_and_goes_back(nowpayments: RunningNowPayments, page: Page) -> None:
    home = f"{nowpayments.sandbox.url}/healthz"
    invoice = nowpayments.invoice(success_url=home)

    page.goto(invoice["invoice_url"])
    page.get_by_label("Pay with").select_option("Ripple")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send exactly this").click()
    nowpayments.notifications()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("row", name="Status")).to_contain_text("finished")
    page.get_by_role("link", name="Back to the shop").click()

    page.wait_for_url(home)


@pytest.mark.parametrize("path", ["/nowpayments", "invoice", "payment"])
def test_no_page_is_wider_than_the_screen(nowpayments: RunningNowPayments, page: Page, path: str) -> None:
    invoice = nowpayments.invoice()
    payment_id = nowpayments.paid()["payment_id"]
    addresses = {
        "invoice": invoice["invoice_url"],
        "payment": f"{nowpayments.url}/payment/?paymentId={payment_id}",
    }

    page.goto(addresses.get(path, f"{nowpayments.sandbox.url}{path}"))

    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
