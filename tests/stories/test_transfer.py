"""A buyer pays by hand, and somebody at the shop works the queue: both in a browser."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, picture, register
from tests.stories.desk import READERS, decide, tell
from tests.stories.test_purchase import new_email
from tests.stories.visitor import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture(params=READERS, ids=["desk", "chinese phone at night"])
def setting(request: pytest.FixtureRequest) -> Setting:
    """Read the story on two screens, each in its language."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    """Save the picture of a transfer, as a phone takes it."""
    path = tmp_path / "transfer.png"
    Image.new("RGB", (390, 844), "seagreen").save(path)
    return path


def test_a_guest_pays_by_transfer_and_redeems_the_code(
    cluster: Cluster, person: Page, clerk: Page, setting: Setting, screenshot: Path
) -> None:
    email, reference = new_email(), f"2026{uuid4().hex[:12]}"
    place(person, "alipay", email, setting, package="standard")
    memo = person.locator("#memo").input_value()
    tell(person, reference, setting, screenshot)

    decide(clerk, memo, "approve", setting)
    person.goto(Mailbox(cluster.sandbox_url).newest_link(email))
    expect(person.locator("#open")).to_be_visible()
    books.wait_until(lambda: is_delivered(cluster, memo), "the order is delivered")
    person.locator("#open").click()
    expect(person.locator("#code")).to_be_visible()
    picture(person, "transfer-code", setting)
    order_page = person.url

    register(person, cluster, email, setting)
    person.goto(order_page)
    person.locator("#redeem").click()
    expect(person.locator("#balance")).to_contain_text("$7.65")
    books.assert_books_balance(cluster)


def test_a_buyer_is_asked_again_and_then_rejected(
    cluster: Cluster, person: Page, clerk: Page, setting: Setting
) -> None:
    place(person, "okx", new_email(), setting, amount="25")
    memo, order_page = person.locator("#memo").input_value(), person.url
    tell(person, f"0x{uuid4().hex}", setting)

    decide(clerk, memo, "question", setting, message="Which network was it?")
    person.goto(order_page)
    expect(person.locator("#asked")).to_contain_text("Which network was it?")
    picture(person, "transfer-asked", setting)
    tell(person, f"0x{uuid4().hex}", setting)

    decide(clerk, memo, "reject", setting, message="Nothing came.")
    person.goto(order_page)
    expect(person.locator("#rejection")).to_contain_text("Nothing came.")
    picture(person, "transfer-rejected", setting)
    books.assert_books_balance(cluster)


def place(
    page: Page, slug: str, email: str, setting: Setting, *, package: str = "", amount: str = ""
) -> None:
    """Find the desk from the price list, choose a channel, and place an order."""
    page.goto("/pricing")
    page.locator("#by-transfer").click()
    picture(page, "transfers", setting)
    page.locator(f"#channel-{slug}").click()
    page.locator("[name=package]").select_option(package)
    page.locator("[name=amount]").fill(amount)
    page.locator("[name=email]").fill(email)
    picture(page, "transfer-form", setting)
    page.locator("#place").click()
    page.wait_for_url(re.compile(r"/orders/ord_\w+$"))
    picture(page, "transfer-waiting", setting)


def is_delivered(cluster: Cluster, memo: str) -> bool:
    """Tell whether the order of a transfer is delivered."""
    [[state]] = books.query(
        cluster,
        "SELECT orders.state FROM billing_order AS orders JOIN billing_transfer AS transfer"
        " ON transfer.order_id = orders.id WHERE transfer.memo = %s",
        memo,
    )
    return bool(state == "delivered")
