"""The main story of the shop, told in a browser: a buyer pays by card and holds something that works."""

import re
from collections.abc import Iterator
from uuid import uuid4

import openai
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import (
    Setting,
    a_browser,
    create_key,
    picture,
    plain_answer,
    register,
    streamed_answer,
)
from tests.stories.creem_store import CreemStore

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

SOMEBODY_ELSES = "0000-0000-0000-0000-0000-0000-0002"  # well-formed, and nobody's


@pytest.fixture(scope="module")
def without_keys() -> Iterator[Cluster]:
    """Run the product with its key issuer switched off."""
    with Cluster(KEY_ISSUER="off") as running:
        yield running


@pytest.fixture
def elsewhere(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a fresh browser, which knows nothing of any order."""
    yield from a_browser(browser, cluster, setting)


@pytest.fixture
def guest(browser: Browser, without_keys: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser at the shop that makes no keys."""
    yield from a_browser(browser, without_keys, setting)


def test_a_guest_buys_a_key_that_works_and_finds_it_again(
    cluster: Cluster, person: Page, elsewhere: Page, setting: Setting
) -> None:
    store = CreemStore(cluster)
    store.webhooks(delay_seconds=2, times=1)
    buy(person, "standard", new_email(), setting)
    person.evaluate("window.wasNeverReloaded = true")
    picture(person, "order-waiting", setting)

    expect(person.locator("#api-key")).to_be_visible()
    picture(person, "order-key", setting)
    key = person.locator("#api-key").input_value()
    number = person.locator("#order-number").input_value()

    assert person.evaluate("window.wasNeverReloaded")
    assert "signature" not in person.url
    with openai.OpenAI(
        base_url=person.locator("#base-url").input_value(), api_key=key, max_retries=0
    ) as client:
        assert "four lovely words here" in plain_answer(client)
        assert "four lovely words here" in streamed_answer(client)
    try_it_on_the_page(person, setting)
    books.change(
        cluster, "DELETE FROM accounts_attemptwindow"
    )  # a minute passes since the last story's look-ups
    look_up(elsewhere, number, setting)
    assert elsewhere.locator("#api-key").input_value() == key
    books.assert_books_balance(cluster)


def test_without_an_issuer_the_same_purchase_is_a_code_that_leads_to_a_key(
    without_keys: Cluster, guest: Page, setting: Setting
) -> None:
    email = new_email()
    buy(guest, "standard", email, setting)
    expect(guest.locator("#code")).to_be_visible()
    picture(guest, "order-code", setting)
    order_page = guest.url

    guest.locator("#register").click()
    guest.wait_for_url("**/register**")
    register(guest, without_keys, email, setting)
    guest.goto(order_page)
    picture(guest, "order-code-signed-in", setting)
    guest.locator("#redeem").click()
    expect(guest.locator("#balance")).to_contain_text("$7.65")
    key = create_key(guest, setting)
    with openai.OpenAI(base_url=without_keys.base_url, api_key=key, max_retries=0) as client:
        assert "four lovely words here" in plain_answer(client)

    guest.goto(order_page)
    expect(guest.locator("#code")).to_have_count(0)
    picture(guest, "order-code-redeemed", setting)
    books.assert_books_balance(without_keys)


def test_a_guest_claims_the_order_into_an_account(cluster: Cluster, person: Page, setting: Setting) -> None:
    email = new_email()
    buy(person, "trial", email, setting)
    expect(person.locator("#api-key")).to_be_visible()
    key, order_page = person.locator("#api-key").input_value(), person.url

    register(person, cluster, email, setting)
    person.goto(order_page)
    person.locator("details.act", has=person.locator("#claim")).locator("summary").click()
    person.locator("#claim").click()
    expect(person.locator("#api-key")).to_have_count(0)
    picture(person, "order-claimed", setting)
    person.goto("/wallet")
    picture(person, "wallet-with-orders", setting)

    expect(person.locator("#balance")).to_contain_text("$2.25")
    with openai.OpenAI(base_url=cluster.base_url, api_key=key, max_retries=0) as client:
        assert "four lovely words here" in plain_answer(client)
    books.assert_books_balance(cluster)


def buy(page: Page, slug: str, email: str, setting: Setting) -> None:
    """Choose a package and pay it with a card; ends on the order's page."""
    page.goto("/pricing")
    picture(page, "pricing", setting)
    page.locator(f"a[href$='/checkout/{slug}']").first.click()
    page.locator("[name=email]").fill(email)
    picture(page, "checkout", setting)
    page.locator("#pay").click()
    page.locator("button[value=pay]").click()
    page.wait_for_url(re.compile(r"/orders/ord_\w+$"))


def try_it_on_the_page(page: Page, setting: Setting) -> None:
    page.locator("#test").click()
    expect(page.locator("#trial-answer")).to_be_visible()
    expect(page.locator("#trial-cost")).to_contain_text("$0.0")
    picture(page, "order-tested", setting)


def look_up(page: Page, number: str, setting: Setting) -> None:
    """Try a wrong number and somebody else's, then open the order with its own."""
    page.goto("/orders/lookup")
    picture(page, "lookup", setting)
    page.locator("[name=number]").fill(SOMEBODY_ELSES)
    page.locator("#find").click()
    picture(page, "lookup-refused", setting)
    expect(page.locator("#api-key")).to_have_count(0)
    page.locator("[name=number]").fill(number.lower().replace("-", " "))
    page.locator("#find").click()
    expect(page.locator("#api-key")).to_be_visible()


def new_email() -> str:
    return f"buyer-{uuid4().hex[:8]}@example.com"
