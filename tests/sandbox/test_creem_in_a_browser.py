"""A person finds the way through the pay page by what it says."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.running_creem import RunningCreem

pytestmark = pytest.mark.browser


@pytest.fixture(params=[1280, 360])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    yield context.new_page()
    context.close()


def test_a_buyer_is_declined_leaves_comes_back_and_pays(creem: RunningCreem, page: Page) -> None:
    home = f"{creem.sandbox.url}/healthz"
    checkout = creem.checkout(product_id="prod_taxed", success_url=home)

    page.goto(checkout["checkout_url"])
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_label("Country").select_option("NL")
    page.get_by_role("button", name="Have the card declined").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was charged")
    page.get_by_role("button", name="Leave without paying").click()
    page.get_by_role("link", name="The checkout").click()
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_label("Country").select_option("NL")
    page.get_by_role("button", name="Pay", exact=True).click()

    page.wait_for_url(f"{home}?checkout_id={checkout['id']}&**")
    paid = creem.get_checkout(checkout["id"])
    assert (paid["order"]["amount_paid"], paid["customer"]["email"]) == (1210, "buyer@example.com")


@pytest.mark.parametrize("path", ["/", "/creem", "pay page"])
def test_no_page_is_wider_than_the_screen(creem: RunningCreem, page: Page, path: str) -> None:
    checkout = creem.checkout()
    creem.paid()

    page.goto(checkout["checkout_url"] if path == "pay page" else f"{creem.sandbox.url}{path}")

    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
