"""What is done at the transfer desk in more than one story, by its buyers and by its clerk."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.stories.browsing import Setting, picture

DESK = Setting("en", 1280, 860, "light")
READERS = [DESK, Setting("zh-CN", 390, 844, "dark")]
ADMINISTRATOR = ("admin@example.com", "purser-admin-demo")


def sign_in(page: Page) -> None:
    """Sign in as the administrator of the demo shop."""
    page.goto("/login")
    page.locator("[name=login]").fill(ADMINISTRATOR[0])
    page.locator("[name=password]").fill(ADMINISTRATOR[1])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/dashboard**")


def tell(page: Page, reference: str, setting: Setting, screenshot: Path | None = None) -> None:
    """Tell the shop what was sent."""
    page.locator("[name=transaction_reference]").fill(reference)
    if screenshot is not None:
        page.locator("[name=screenshot]").set_input_files(screenshot)
    page.locator("#submit-transfer").click()
    expect(page.locator("#submission")).to_have_count(0)
    picture(page, "transfer-submitted", setting)


def decide(page: Page, memo: str, act: str, setting: Setting, *, message: str = "") -> None:
    """Take a transfer from the queue and press one of the buttons of its page."""
    page.goto("/admin/billing/transfer/")
    picture(page, "admin-transfers", setting)
    page.get_by_role("link", name=memo).click()
    picture(page, "admin-transfer", setting)
    page.locator(f"#{act}").click()
    if message:
        page.locator("[name=message]").fill(message)
    picture(page, f"admin-transfer-{act}", setting)
    page.locator("#content-main form button[type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
