"""Somebody tops up the own wallet, by card and with coins: what goes well, what does not, what it brings."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, a_browser, picture, register
from tests.stories.coin_wallet import CoinWallet
from tests.stories.test_coins import CLOCK_SCALE, choose
from tests.stories.test_purchase import new_email

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    """Run a product of its own, whose coins travel faster."""
    with Cluster(SANDBOX_CLOCK_SCALE=CLOCK_SCALE) as running:
        yield running


@pytest.fixture
def member(browser: Browser, shop: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of its own for somebody who has just registered."""
    for page in a_browser(browser, shop, setting):
        register(page, shop, new_email(), setting)
        yield page


def test_a_wallet_is_topped_up_by_card_after_the_card_was_declined(
    shop: Cluster, member: Page, setting: Setting
) -> None:
    ask_for(member, "12", "creem", setting)
    member.locator("button[value=decline]").click()
    expect(member.locator("[role=alert]")).to_contain_text("Nothing was charged")
    assert books.query(
        shop,
        "SELECT count(*) FROM billing_payment AS paid JOIN billing_order AS sale"
        " ON sale.id = paid.order_id WHERE sale.checkout_id = %s",
        checkout_of(member),
    ) == [(0,)]

    member.locator("button[value=pay]").click()
    member.wait_for_url(re.compile(r"/orders/ord_\w+$"))
    expect(member.locator("#delivery")).to_contain_text("$12.00")
    picture(member, "topup-delivered", setting)

    see_in_the_wallet(member, "$12.00", setting)
    books.assert_books_balance(shop)


def test_a_wallet_is_topped_up_with_coins(shop: Cluster, member: Page, setting: Setting) -> None:
    ask_for(member, "25", "nowpayments", setting)
    expect(member.locator("#choose-coin")).to_be_visible()
    picture(member, "topup-coins", setting)
    choose(member, "usdtbsc")

    CoinWallet(shop, member.url.rsplit("/", 1)[-1]).act("exact")
    expect(member.locator("#delivery")).to_contain_text("$25.00")
    picture(member, "topup-coins-delivered", setting)

    see_in_the_wallet(member, "$25.00", setting)
    books.assert_books_balance(shop)


def test_less_than_a_way_takes_is_told_beside_the_amount_and_can_be_mended(
    member: Page, setting: Setting
) -> None:
    least = {"en": "At least {} USD in this way.", "zh-CN": "此方式最低 {} 美元。"}[setting.language]

    ask_for(member, "4", "creem", setting)
    expect(member.locator("#topup")).to_contain_text(least.format(5))
    picture(member, "topup-too-little", setting)
    fill(member, "19", "nowpayments")
    expect(member.locator("#topup")).to_contain_text(least.format(20))

    fill(member, "20", "nowpayments")
    expect(member.locator("#choose-coin")).to_be_visible()


def ask_for(page: Page, dollars: str, way: str, setting: Setting) -> None:
    """Find the top-up from the wallet and ask for so much in this way."""
    page.goto("/wallet")
    page.locator("#wallet a[href$='/wallet/topup']").click()
    picture(page, "topup", setting)
    fill(page, dollars, way)


def fill(page: Page, dollars: str, way: str) -> None:
    page.locator("[name=dollars]").fill(dollars)
    page.locator(f"[name=way][value={way}]").check()
    page.locator("#pay").click()


def checkout_of(page: Page) -> str:
    """Return the checkout whose payment page is open."""
    return page.url.rsplit("/", 1)[-1]


def see_in_the_wallet(page: Page, amount: str, setting: Setting) -> None:
    page.goto("/wallet")
    expect(page.locator("#balance")).to_contain_text(amount)
    expect(page.locator("table.history .amount-in")).to_contain_text(amount)
    picture(page, "topup-wallet", setting)
