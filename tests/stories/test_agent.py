"""A buyer has an account topped up by hand: ordered, paid by transfer, and worked on by staff."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, picture
from tests.stories.desk import READERS, decide, tell
from tests.stories.test_purchase import new_email

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture(params=READERS, ids=["desk", "chinese phone at night"])
def setting(request: pytest.FixtureRequest) -> Setting:
    """Read the story on two screens, each in its language."""
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("act", ["done", "failed"])
def test_a_top_up_is_paid_and_done_by_hand_or_given_back(
    cluster: Cluster,
    person: Page,
    clerk: Page,
    setting: Setting,
    act: str,
) -> None:
    order(person, setting)
    memo, order_page = person.locator("#memo").input_value(), person.url
    tell(person, f"2026{uuid4().hex[:12]}", setting)
    decide(clerk, memo, "approve", setting)
    person.goto(order_page)
    expect(person.locator("#job")).to_be_visible()
    picture(person, "agent-paid", setting)

    work(clerk, order_page.rsplit("/", 1)[1], act, setting)

    person.goto(order_page)
    expect(person.locator("#job-outcome")).to_contain_text("What came of it.")
    picture(person, f"agent-{act}", setting)
    books.assert_books_balance(cluster)


def order(page: Page, setting: Setting) -> None:
    """Ask for the price, agree to it, and land on the order's page."""
    page.goto("/pricing")
    page.locator("#by-agent").click()
    page.locator("[name=account_email]").fill("me@example.org")
    page.locator("[name=amount]").fill("20")
    page.locator("[name=email]").fill(new_email())
    page.locator("#show-price").click()
    expect(page.locator("#quote")).to_contain_text("¥168.00")
    picture(page, "agent-quote", setting)
    page.locator("#order-agent").click()
    page.wait_for_url(re.compile(r"/orders/ord_\w+$"))


def work(page: Page, reference: str, act: str, setting: Setting) -> None:
    """Take the job from the queue, claim it, and say what came of it."""
    page.goto("/admin/billing/agentjob/")
    picture(page, "admin-agent-jobs", setting)
    page.get_by_role("link", name=reference).click()
    page.locator("#claim").click()
    page.locator(f"#{act}").click()
    page.locator("#content-main form textarea").fill("What came of it.")
    picture(page, f"admin-agent-{act}", setting)
    page.locator("#content-main form button[type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
