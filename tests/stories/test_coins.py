"""Paying with coins, told in a browser: an address, coins on their way, and what becomes of too few."""

import re
from collections.abc import Iterator

import openai
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, a_browser, picture, plain_answer
from tests.stories.coin_wallet import CoinWallet
from tests.stories.test_purchase import new_email
from tests.stories.visitor import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

# A step of a payment, of which there are three, takes two seconds.
CLOCK_SCALE = "15"
READERS = [Setting("en", 1280, 860, "light"), Setting("zh-CN", 390, 844, "dark")]


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    """Run a product of its own, whose coins travel faster."""
    with Cluster(SANDBOX_CLOCK_SCALE=CLOCK_SCALE) as running:
        yield running


@pytest.fixture(params=READERS, ids=lambda setting: f"{setting.language}-{setting.width}-{setting.scheme}")
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def guest(browser: Browser, shop: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of its own for somebody who has coins."""
    yield from a_browser(browser, shop, setting)


def test_a_guest_pays_with_a_coin_and_the_page_turns_into_a_key(
    shop: Cluster, guest: Page, setting: Setting
) -> None:
    wallet = order(guest, shop, "standard", setting)
    choose(guest, "xlm")
    expect(guest.locator("#coin-memo")).to_be_visible()
    picture(guest, "coins-memo", setting)
    guest.locator("#another-coin").click()
    choose(guest, "usdtbsc")
    expect(guest.locator("#coin-address")).to_be_visible()
    picture(guest, "coins-address", setting)
    guest.evaluate("window.wasNeverReloaded = true")

    wallet.act("exact")
    expect(guest.locator("#another-coin")).to_have_count(0)
    picture(guest, "coins-seen", setting)
    expect(guest.locator("#api-key")).to_be_visible()
    picture(guest, "coins-delivered", setting)

    assert guest.evaluate("window.wasNeverReloaded")
    key, base_url = guest.locator("#api-key").input_value(), guest.locator("#base-url").input_value()
    with openai.OpenAI(base_url=base_url, api_key=key, max_retries=0) as client:
        assert "four lovely words here" in plain_answer(client)
    books.assert_books_balance(shop)


def test_too_few_coins_and_the_rest_are_the_whole(shop: Cluster, guest: Page, setting: Setting) -> None:
    email = new_email()
    wallet = order(guest, shop, "standard", setting, email=email)
    choose(guest, "usdtbsc")
    wallet.act("short")
    expect(guest.locator("#too-few")).to_be_visible()
    picture(guest, "coins-too-few", setting)
    assert "/orders/" in Mailbox(shop.sandbox_url).newest_link(email)

    wallet.send(guest.locator("#coin-amount").input_value())

    expect(guest.locator("#api-key")).to_be_visible()
    assert wallet.state() == "delivered"
    books.assert_books_balance(shop)


def test_too_few_coins_are_taken_for_the_credit_they_pay(
    shop: Cluster, guest: Page, setting: Setting
) -> None:
    wallet = order(guest, shop, "standard", setting)
    choose(guest, "usdtbsc")
    wallet.act("short")

    guest.locator("#accept-coins").click()

    expect(guest.locator("#api-key")).to_be_visible()
    picture(guest, "coins-part-delivered", setting)
    books.assert_books_balance(shop)


def test_too_few_coins_are_asked_back(shop: Cluster, guest: Page, setting: Setting) -> None:
    wallet = order(guest, shop, "standard", setting)
    choose(guest, "usdtbsc")
    wallet.act("short")

    guest.locator("#ask-back").click()

    expect(guest.locator("#too-few")).to_have_count(0)
    picture(guest, "coins-asked-back", setting)
    assert wallet.state() == "expired"


def test_coins_that_come_too_late_still_pay(shop: Cluster, guest: Page, setting: Setting) -> None:
    wallet = order(guest, shop, "standard", setting)
    choose(guest, "usdtbsc")
    wallet.act("expire")
    guest.locator("#ask").click()
    expect(guest.locator("#choose-coin")).to_be_visible()
    picture(guest, "coins-expired", setting)

    wallet.act("exact")

    books.wait_until(lambda: wallet.state() == "delivered", "the late coins have paid")
    guest.reload()
    expect(guest.locator("#api-key")).to_be_visible()
    books.assert_books_balance(shop)


def order(page: Page, shop: Cluster, slug: str, setting: Setting, *, email: str | None = None) -> CoinWallet:
    """Order a package to be paid with coins; ends where a coin is chosen."""
    page.goto(f"/checkout/{slug}")
    page.locator("[name=email]").fill(email or new_email())
    page.locator("[name=way][value^=nowpayments]").check()
    picture(page, "coins-checkout", setting)
    page.locator("#pay").click()
    page.wait_for_url(re.compile(r"/orders/ord_\w+$"))
    expect(page.locator("#choose-coin")).to_be_visible()
    picture(page, "coins-choice", setting)
    return CoinWallet(shop, page.url.rsplit("/", 1)[-1])


def choose(page: Page, coin: str) -> None:
    page.locator(f"#coin-{coin}").check()
    page.locator("#choose-coin").click()
    expect(page.locator("#coin-address")).to_be_visible()
