"""A person at a real browser: how they see the shop, and what they do in more than one story."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import openai
from openai.types.chat import ChatCompletionMessageParam
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.cluster import Cluster
from tests.stories.visitor import Mailbox

PICTURES = Path(os.environ.get("PICTURES", "/nonexistent"))
# A busy machine is slow, and no failure.
PATIENCE_MS = 90_000
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


def a_browser(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    context = browser.new_context(
        base_url=cluster.site_url,
        locale=setting.language,
        viewport={"width": setting.width, "height": setting.height},
        color_scheme=setting.scheme,  # type: ignore[arg-type]
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if is_a_fault(said) else None)
    yield page
    context.close()
    assert faults == []


def is_a_fault(said: ConsoleMessage) -> bool:
    """Tell whether the browser complains: not of a page or a form that refuses something, as it should."""
    is_refused_page = "Failed to load resource" in said.text and said.location["url"] == said.page.url  # type: ignore[union-attr]
    is_refused_form = "Failed to load resource" in said.text and "422" in said.text
    return said.type == "error" and not (is_refused_page or is_refused_form)


def register(page: Page, cluster: Cluster, email: str, setting: Setting) -> None:
    page.goto("/register")
    picture(page, "register", setting)
    page.locator("[name=email]").fill(email)
    page.locator("[name=password1]").fill(PASSWORD)
    page.locator("[name=password2]").fill(PASSWORD)
    page.locator("[name=password2]").press("Enter")
    page.wait_for_url("**/confirm-email/")
    picture(page, "verification-sent", setting)
    page.goto(Mailbox(cluster.sandbox_url).newest_link(email, to="/confirm-email/"))
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


def plain_answer(client: openai.OpenAI) -> str:
    answer = client.chat.completions.create(model="deepseek-chat", messages=QUESTION)
    return answer.choices[0].message.content or ""


def streamed_answer(client: openai.OpenAI) -> str:
    stream = client.chat.completions.create(model="deepseek-chat", messages=QUESTION, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def picture(page: Page, name: str, setting: Setting) -> None:
    """Keep what the person sees when PICTURES names a folder."""
    if PICTURES.is_dir():
        name = f"{name}-{setting.language}-{setting.width}-{setting.scheme}.png"
        page.screenshot(path=PICTURES / name, full_page=True, caret="initial", animations="disabled")
