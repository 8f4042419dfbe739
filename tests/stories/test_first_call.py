"""The first story of the shop, told in a browser: from an issued code to an answer that was paid for."""

import re
from uuid import uuid4

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import (
    Setting,
    create_key,
    picture,
    plain_answer,
    redeem,
    register,
    streamed_answer,
)
from tests.stories.visitor import CODE_SHAPE

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

COUNT = 1000


def test_from_an_issued_code_to_a_paid_answer(
    cluster: Cluster, administrator: Page, person: Page, setting: Setting
) -> None:
    codes = issue_codes(administrator, setting)
    email = f"newcomer-{uuid4().hex[:8]}@example.com"

    register(person, cluster, email, setting)
    redeem(person, badly_typed(codes[0]), setting)
    key = create_key(person, setting)
    with openai.OpenAI(base_url=cluster.base_url, api_key=key, max_retries=0) as client:
        assert "four lovely words here" in plain_answer(client)
        assert "four lovely words here" in streamed_answer(client)
        see_what_it_cost(person, cluster, email, setting)
        disable_the_key(person)

        with pytest.raises(openai.AuthenticationError):
            plain_answer(client)
    books.assert_books_balance(cluster)


def issue_codes(page: Page, setting: Setting) -> list[str]:
    page.goto("/login?next=/admin/redemption/batch/add/")
    page.locator("[name=login]").fill("admin@example.com")
    page.locator("[name=password]").fill("purser-admin-demo")
    page.locator("[name=password]").press("Enter")
    page.locator("[name=name]").fill("Newcomers")
    page.locator("[name=count]").fill(str(COUNT))
    page.locator("[name=value_nano_usd]").fill("5")
    picture(page, "admin-order", setting)
    page.locator("[name=_save]").click()
    expect(page.locator("#progress")).to_contain_text(re.compile("1,?000"))
    picture(page, "admin-progress", setting)
    page.locator("#progress a.button[href$=download\\/]").click()
    picture(page, "admin-download", setting)
    asking = page.url
    with page.expect_download() as download:
        page.locator("button[value=txt]").click()
    codes = CODE_SHAPE.findall(download.value.path().read_text())
    assert len(set(codes)) == COUNT
    refused_again(page, asking, setting)
    return codes


def refused_again(page: Page, asking: str, setting: Setting) -> None:
    page.goto(asking)
    expect(page.locator("button[value=txt]")).to_have_count(0)
    picture(page, "admin-download-refused", setting)


def see_what_it_cost(page: Page, cluster: Cluster, email: str, setting: Setting) -> None:
    spent = books.query(
        cluster,
        """SELECT count(*), sum(main_nano_usd + backup_nano_usd + wallet_nano_usd)::bigint FROM ledger_usage
           JOIN ledger_account account ON account.id = account_id
           JOIN accounts_customer customer ON customer.id = customer_id
           JOIN accounts_user person ON person.id = user_id WHERE person.email = %s""",
        email,
    )
    page.goto("/dashboard")
    picture(page, "dashboard", setting)
    assert spent[0][0] == 2
    exact = f"{spent[0][1] / 1_000_000_000:.9f}".rstrip("0")
    assert exact in page.content()
    page.goto("/models")
    picture(page, "models", setting)
    page.goto("/")
    picture(page, "home", setting)


def disable_the_key(page: Page) -> None:
    page.goto("/tokens")
    page.locator("[id^=switch-]").click()
    expect(page.locator(".state.warn")).to_be_visible()


def badly_typed(code: str) -> str:
    """Return the code as a hurried person types it: small letters, O for 0, l for 1, spaces for dashes."""
    return f"  {code.lower().replace('0', 'O').replace('1', 'l').replace('-', ' ')}"
