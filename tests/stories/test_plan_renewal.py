"""Somebody lets a plan renew by card: it is renewed, cancelled, taken up again, and stated to the cent."""

import re
from collections.abc import Iterator

import openai
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, a_browser, create_key, picture, plain_answer, register
from tests.stories.creem_store import CreemStore
from tests.stories.test_plans import pay
from tests.stories.test_purchase import new_email

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

RENEWS = {"en": "Renews by card on", "zh-CN": "从银行卡续费"}
CANCELLED = {"en": "nothing is charged any more", "zh-CN": "之后不再扣款"}
STATEMENT = {"en": "Statement", "zh-CN": "对账单"}


@pytest.fixture
def member(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of its own for somebody who has just registered."""
    for page in a_browser(browser, cluster, setting):
        register(page, cluster, new_email(), setting)
        yield page


def test_a_plan_renews_by_card_until_it_is_cancelled(
    cluster: Cluster, member: Page, setting: Setting
) -> None:
    store = CreemStore(cluster)
    subscribe(member, setting)
    with openai.OpenAI(api_key=create_key(member, setting), base_url=cluster.base_url) as client:
        assert plain_answer(client)
    subscription = newest(cluster)

    cancel(member, setting)
    assert store.status_of(subscription) == "scheduled_cancel"
    member.locator("#resume").click()
    expect(member.locator("#outlook")).to_contain_text(RENEWS[setting.language])
    picture(member, "plan-resumed", setting)

    store.act(subscription, "renew")
    wait_for_periods(cluster, subscription, 2)
    member.goto("/dashboard/plans")
    expect(member.locator("section[aria-labelledby=periods-title] tbody tr")).to_have_count(2)
    picture(member, "plan-periods", setting)
    read_statement(member, setting)
    books.assert_books_balance(cluster)


def subscribe(page: Page, setting: Setting) -> None:
    """Take a plan that renews by card."""
    page.goto("/plans/starter")
    page.locator("[name=way][value=creem-monthly]").check()
    picture(page, "plan-monthly", setting)
    page.locator("#pay").click()
    pay(page)
    expect(page.locator("#delivery")).to_contain_text("$12.00")


def cancel(page: Page, setting: Setting) -> None:
    """Read on the dashboard that it renews, and call that off."""
    page.goto("/dashboard")
    expect(page.locator("#outlook")).to_contain_text(RENEWS[setting.language])
    picture(page, "plan-renews", setting)
    page.goto("/dashboard/plans")
    page.locator("#cancelling summary").click()
    picture(page, "plan-cancelling", setting)
    page.locator("#cancel").click()
    expect(page.locator("#outlook")).to_contain_text(CANCELLED[setting.language])


def read_statement(page: Page, setting: Setting) -> None:
    """Read the statement of the period that runs, as it would be printed, and as a file."""
    page.get_by_role("link", name=re.compile(STATEMENT[setting.language])).first.click()
    expect(page.locator("table.ledger")).to_be_visible()
    picture(page, "plan-statement", setting)
    page.emulate_media(media="print")
    expect(page.locator("#csv")).to_be_hidden()
    picture(page, "plan-statement-print", setting)
    page.emulate_media(media="screen")
    with page.expect_download() as download:
        page.locator("#csv").click()
    assert download.value.suggested_filename.endswith(".csv")


def newest(cluster: Cluster) -> str:
    """Return the name at Creem of the subscription that was begun last."""
    [(name,)] = books.query(
        cluster, "SELECT provider_subscription_id FROM billing_subscription ORDER BY id DESC LIMIT 1"
    )
    assert isinstance(name, str)
    return name


def wait_for_periods(cluster: Cluster, subscription: str, number: int) -> None:
    counted = """
        SELECT count(*) FROM billing_subscriptionperiod AS period
          JOIN billing_subscription AS plan ON plan.id = period.subscription_id
         WHERE provider_subscription_id = %s
    """
    books.wait_until(
        lambda: books.query(cluster, counted, subscription) == [(number,)], f"{number} periods are paid"
    )
