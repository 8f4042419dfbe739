"""Somebody takes a plan, calls with it, and leaves it for a larger one in the middle of its 30 days."""

import re
from collections.abc import Iterator

import openai
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, a_browser, create_key, picture, plain_answer, register
from tests.stories.test_purchase import new_email

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

A_WEEK_AGO = """
    UPDATE billing_subscriptionperiod
       SET starts_at = starts_at - interval '7 days', ends_at = ends_at - interval '7 days'
"""


@pytest.fixture
def member(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of its own for somebody who has just registered."""
    for page in a_browser(browser, cluster, setting):
        register(page, cluster, new_email(), setting)
        yield page


def test_a_plan_is_taken_used_and_left_for_a_larger_one(
    cluster: Cluster, member: Page, setting: Setting
) -> None:
    take(member, "starter", setting)
    pay(member)
    expect(member.locator("#delivery")).to_contain_text("$12.00")
    picture(member, "plan-delivered", setting)

    with openai.OpenAI(api_key=create_key(member, setting), base_url=cluster.base_url) as client:
        assert plain_answer(client)
    member.goto("/dashboard")
    expect(member.locator("#plan-meters")).to_contain_text("$12.00")
    picture(member, "plan-dashboard", setting)
    member.locator("#pay2go").click()
    expect(member.locator("#plan")).to_contain_text(
        {"en": "Pay2Go is off", "zh-CN": "Pay2Go 已关闭"}[setting.language]
    )

    books.change(cluster, A_WEEK_AGO)
    take(member, "pro", setting)
    picture(member, "plan-switch-paying", setting)
    pay(member)
    expect(member.locator("#delivery")).to_contain_text("$60.00")
    expect(member.locator("#delivery")).to_contain_text("$7.49")
    picture(member, "plan-switched", setting)
    member.goto("/plans")
    expect(member.locator("table.plans .tag")).to_have_count(1)
    picture(member, "plans-with-one", setting)
    books.assert_books_balance(cluster)


def test_a_card_that_is_declined_leaves_a_plan_as_it_is(
    cluster: Cluster, member: Page, setting: Setting
) -> None:
    take(member, "starter", setting)
    member.locator("button[value=decline]").click()
    expect(member.locator("[role=alert]")).to_contain_text("Nothing was charged")

    member.goto("/dashboard")
    expect(member.locator("#plan")).to_contain_text(
        {"en": "Without a plan", "zh-CN": "无订阅"}[setting.language]
    )
    picture(member, "plan-none", setting)
    books.assert_books_balance(cluster)


def take(page: Page, slug: str, setting: Setting) -> None:
    """Choose a plan from the comparison, and go on to its payment page."""
    page.goto("/plans")
    picture(page, "plans", setting)
    page.locator(f"#take-{slug}").click()
    page.locator("[name=way][value=creem]").check()
    picture(page, f"plan-{slug}", setting)
    page.locator("#pay").click()
    expect(page.locator("button[value=pay]")).to_be_visible()


def pay(page: Page) -> None:
    page.locator("button[value=pay]").click()
    page.wait_for_url(re.compile(r"/orders/ord_\w+$"))
