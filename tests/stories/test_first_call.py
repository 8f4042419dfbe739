"""The first story of the shop, told in a browser: from an issued code to an answer that was paid for."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from playwright.sync_api import Browser, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.visitor import CODE_SHAPE, Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

PICTURES = Path(os.environ.get("PICTURES", "/nonexistent"))
COUNT = 1000
PASSWORD = "four-calm-words-here"
QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "four lovely words here"}]


class Setting(NamedTuple):
    """In which language and on which screen the story is read."""

    language: str
    width: int
    height: int
    scheme: str


SETTINGS = [
    Setting("en", 1280, 860, "light"),
    Setting("en", 390, 844, "dark"),
    Setting("zh-CN", 1280, 860, "dark"),
    Setting("zh-CN", 390, 844, "light"),
]


@pytest.fixture(params=SETTINGS, ids=lambda setting: f"{setting.language}-{setting.width}-{setting.scheme}")
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def person(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of its own for one person."""
    yield from a_browser(browser, cluster, setting)


@pytest.fixture
def administrator(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open another browser for the administrator."""
    yield from a_browser(browser, cluster, setting)


def a_browser(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    context = browser.new_context(
        base_url=cluster.site_url,
        locale=setting.language,
        viewport={"width": setting.width, "height": setting.height},
        color_scheme=setting.scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert faults == []


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
    page.locator("#progress a.button[href$=download\\/]").click(timeout=60_000)
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


def register(page: Page, cluster: Cluster, email: str, setting: Setting) -> None:
    page.goto("/register")
    picture(page, "register", setting)
    page.locator("[name=email]").fill(email)
    page.locator("[name=password1]").fill(PASSWORD)
    page.locator("[name=password2]").fill(PASSWORD)
    page.locator("[name=password2]").press("Enter")
    page.wait_for_url("**/confirm-email/")
    picture(page, "verification-sent", setting)
    page.goto(Mailbox(cluster.sandbox_url).newest_link(email))
    picture(page, "verify", setting)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/(login|dashboard)"))
    if "/login" in page.url:
        page.locator("[name=login]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url("**/dashboard**")
    picture(page, "dashboard-empty", setting)


def redeem(page: Page, typed_code: str, setting: Setting) -> None:
    page.goto("/topup")
    picture(page, "wallet-empty", setting)
    page.locator("[name=code]").fill(typed_code)
    page.locator("[name=code]").press("Enter")
    expect(page.locator("#redeemed")).to_contain_text("$5.00")
    expect(page.locator("#balance")).to_contain_text("$5.00")
    picture(page, "wallet-redeemed", setting)


def create_key(page: Page, setting: Setting) -> str:
    page.goto("/token")
    picture(page, "tokens-empty", setting)
    page.locator("[name=name]").fill("My laptop")
    page.locator("[name=name]").press("Enter")
    key = page.locator("#new-key-text").input_value()
    picture(page, "tokens-created", setting)
    page.reload()
    expect(page.locator("#new-key-text")).to_have_count(0)
    return key


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


def plain_answer(client: openai.OpenAI) -> str:
    answer = client.chat.completions.create(model="deepseek-chat", messages=QUESTION)
    return answer.choices[0].message.content or ""


def streamed_answer(client: openai.OpenAI) -> str:
    stream = client.chat.completions.create(model="deepseek-chat", messages=QUESTION, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def badly_typed(code: str) -> str:
    """Return the code as a hurried person types it: small letters, O for 0, l for 1, spaces for dashes."""
    return f"  {code.lower().replace('0', 'O').replace('1', 'l').replace('-', ' ')}"


def picture(page: Page, name: str, setting: Setting) -> None:
    """Keep what the person sees when PICTURES names a folder."""
    if PICTURES.is_dir():
        name = f"{name}-{setting.language}-{setting.width}-{setting.scheme}.png"
        page.screenshot(path=PICTURES / name, full_page=True, caret="initial")
