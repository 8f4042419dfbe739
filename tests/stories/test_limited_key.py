"""A key with limits, told in a browser: it is held to them, they are changed, and its secret is replaced."""

from uuid import uuid4

import openai
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, picture, plain_answer

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def test_a_key_is_held_to_its_limits_until_they_are_changed(
    cluster: Cluster, person: Page, setting: Setting
) -> None:
    name = f"limited {uuid4().hex[:6]}"
    sign_in(person)
    first = create(person, name, setting)
    with openai.OpenAI(base_url=cluster.base_url, api_key=first, max_retries=0) as client:
        with pytest.raises(openai.RateLimitError) as refusal:
            plain_answer(client)
        assert refusal.value.code == "key_daily_limit"

        raise_the_limit(person, name, setting)
        assert "four lovely words here" in plain_answer(client)

        second = replace_the_secret(person, name, setting)
        with pytest.raises(openai.AuthenticationError):
            plain_answer(client)
    with openai.OpenAI(base_url=cluster.base_url, api_key=second, max_retries=0) as client:
        assert "four lovely words here" in plain_answer(client)
    see_the_receipt(person, name, setting)
    books.assert_books_balance(cluster)


def sign_in(page: Page) -> None:
    page.goto("/login?next=/tokens")
    page.locator("[name=login]").fill("buyer@example.com")
    page.locator("[name=password]").fill("purser-buyer-demo")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/tokens")


def create(page: Page, name: str, setting: Setting) -> str:
    page.locator("#open-create").click()
    form = page.locator("form:has(#create)")
    form.locator("[name=name]").fill(name)
    form.locator(".fold summary").click()
    form.locator("[name=daily_limit_nano_usd]").fill("0")
    form.locator("[name=allowed_networks]").fill("my home")
    picture(page, "tokens-limits", setting)
    form.locator("#create").click()
    expect(form.locator("#id_allowed_networks_error")).to_be_visible()
    expect(form.locator("[name=daily_limit_nano_usd]")).to_have_value("0")
    picture(page, "tokens-limits-refused", setting)
    form.locator("[name=allowed_networks]").fill("127.0.0.0/8")
    form.locator("[name=daily_limit_nano_usd]").press("Enter")
    key = page.locator("#new-key-text").input_value()
    expect(row_of(page, name).locator(".state.bad")).to_be_visible()
    return key


def raise_the_limit(page: Page, name: str, setting: Setting) -> None:
    page.goto("/tokens")
    row_of(page, name).locator("[id^=edit-]").click()
    form = page.locator(".editing form")
    expect(form.locator("[name=allowed_networks]")).to_have_value("127.0.0.0/8")
    form.locator("[name=daily_limit_nano_usd]").fill("2.5")
    picture(page, "tokens-editing", setting)
    form.locator("[name=daily_limit_nano_usd]").press("Enter")
    expect(page.locator("#changed")).to_contain_text(name)
    expect(row_of(page, name).locator(".state.good")).to_be_visible()


def replace_the_secret(page: Page, name: str, setting: Setting) -> str:
    row_of(page, name).locator("[href$='/rotate']").click()
    picture(page, "tokens-rotating", setting)
    page.locator(".confirm [type=submit]").press("Enter")
    key = page.locator("#new-key-text").input_value()
    picture(page, "tokens-rotated", setting)
    return key


def see_the_receipt(page: Page, name: str, setting: Setting) -> None:
    page.goto("/tokens")
    expect(row_of(page, name).locator(".meter")).to_be_visible()
    picture(page, "tokens-spent", setting)
    page.goto("/dashboard")
    page.locator("a[href^='/receipts/']").first.click()
    expect(page.locator(".facts")).to_contain_text(name)
    picture(page, "receipt", setting)


def row_of(page: Page, name: str) -> Locator:
    return page.locator("tr", has_text=name)
