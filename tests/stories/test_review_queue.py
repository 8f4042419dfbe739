"""The queue of reviews, worked through in a browser by a clerk who may do just that."""

import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.billing.creem_said import completed
from tests.cluster import Cluster
from tests.stories import books, sales
from tests.stories.browsing import PASSWORD, Setting, a_browser, picture
from tests.stories.creem_store import PATIENCE_SECONDS, CreemStore
from tests.stories.desk import READERS
from tests.stories.test_purchase import new_email
from tests.stories.visitor import Mailbox, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

RIGHTS = ["view_review", "change_review", "resolve_review", "view_order", "refund_order"]
PROMOTE = """
    WITH clerk AS (UPDATE accounts_user SET is_staff = true WHERE email = '{email}' RETURNING id)
    INSERT INTO accounts_user_user_permissions (user_id, permission_id)
    SELECT clerk.id, permission.id FROM clerk, auth_permission AS permission
      JOIN django_content_type AS about ON about.id = permission.content_type_id
     WHERE about.app_label = 'billing' AND permission.codename IN ({rights})
"""
WALLET = """
    SELECT account.wallet_balance_nano_usd FROM ledger_account AS account
      JOIN billing_order AS sale ON sale.customer_id = account.customer_id WHERE sale.reference = %s
"""
CLOSED = """
    SELECT review.note, staff.email FROM billing_review AS review
      JOIN accounts_user AS staff ON staff.id = review.closed_by_id WHERE review.subject = %s
"""
SECOND_MESSAGE = {"en": "Somebody has resolved this review meanwhile.", "zh-CN": "此核查已由他人处理。"}


@pytest.fixture(params=READERS, ids=["desk", "chinese phone at night"])
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def reviewer(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser in which a clerk works who may resolve reviews, and little else."""
    yield from a_clerk(browser, cluster, setting)


@pytest.fixture
def colleague(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of another such clerk."""
    yield from a_clerk(browser, cluster, setting)


def test_a_payment_of_less_is_accepted_for_its_share(
    cluster: Cluster, reviewer: Page, setting: Setting
) -> None:
    reference = Visitor(cluster.site_url).order("standard", new_email())
    subject = tell(cluster, reference, cents_less=250)

    open_review(reviewer, subject, setting)
    expect(reviewer.locator("pre.told")).to_contain_text("checkout.completed")
    picture(reviewer, "review", setting)
    act(reviewer, "accept", setting)

    sales.wait_until_delivered(cluster, [reference])
    [(note, _who)] = books.query(cluster, CLOSED, subject)
    assert note == f"accepted for {reference}"
    books.assert_books_balance(cluster)


def test_a_second_payment_is_credited_to_its_buyer(
    cluster: Cluster, reviewer: Page, setting: Setting
) -> None:
    buyer, email = Visitor(cluster.site_url), new_email()
    buyer.register(email, PASSWORD, Mailbox(cluster.sandbox_url))
    reference = buyer.order("standard", email)
    CreemStore(cluster).pay(reference, email)
    sales.wait_until_delivered(cluster, [reference])
    [(before,)] = books.query(cluster, WALLET, reference)
    subject = tell(cluster, reference)

    open_review(reviewer, subject, setting)
    act(reviewer, "credit", setting, amount="2.50", note="It was paid twice.")

    assert books.query(cluster, WALLET, reference) == [(before + 2_500_000_000,)]
    books.assert_books_balance(cluster)


def test_what_was_refunded_elsewhere_is_closed_with_a_note_and_a_second_clerk_is_told_so(
    cluster: Cluster, reviewer: Page, colleague: Page, setting: Setting
) -> None:
    reference = Visitor(cluster.site_url).order("standard", new_email())
    subject = tell(cluster, reference, cents_less=100)
    open_review(reviewer, subject, setting)
    open_review(colleague, subject, setting)
    colleague.locator(".object-tools a[href$='/close/']").click()

    act(reviewer, "close", setting, note="Refunded at Creem.")
    colleague.locator("[name=note]").fill("Asked the buyer.")
    colleague.locator("#content-main form button[type=submit]").click()

    expect(colleague.locator(".errornote")).to_contain_text(SECOND_MESSAGE[setting.language])
    picture(colleague, "review-closed-before", setting)
    [(note, _who)] = books.query(cluster, CLOSED, subject)
    assert note == "Refunded at Creem."


def a_clerk(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Let somebody register, be given rights by the operator, and sign in."""
    email = new_email()
    Visitor(cluster.site_url).register(email, PASSWORD, Mailbox(cluster.sandbox_url))
    books.change(cluster, PROMOTE.format(email=email, rights=", ".join(f"'{right}'" for right in RIGHTS)))
    for page in a_browser(browser, cluster, setting):
        page.goto("/login")
        page.locator("[name=login]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url("**/dashboard**")
        yield page


def tell(cluster: Cluster, reference: str, *, cents_less: int = 0) -> str:
    """Let Creem tell of a payment that does not fit; return the subject of the review that it comes to."""
    tag = uuid4().hex[:8]
    sold = "SELECT product_id, price_cents FROM billing_order WHERE reference = %s"
    [(product, cents)] = books.query(cluster, sold, reference)
    said = json.loads(completed(reference, tag=tag, product_id=product, amount=cents - cents_less))
    url = f"{cluster.sandbox_url}/control/creem/events"
    told = {"eventType": said["eventType"], "object": said["object"]}
    with requests.post(url, json=told, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status_code == 200, answer.text
    subject = f"creem tran_paid_{tag}"
    is_known = "SELECT count(*) FROM billing_review WHERE subject = %s"
    books.wait_until(lambda: books.query(cluster, is_known, subject) == [(1,)], "the review is open")
    return subject


def open_review(page: Page, subject: str, setting: Setting) -> None:
    """See the alarm on the first page of the admin, and follow it to the review."""
    page.goto("/admin/")
    expect(page.locator("#shop-alarms")).to_be_visible()
    picture(page, "admin-alarms", setting)
    page.locator("#shop-alarms a[href$='/review/']").click()
    picture(page, "reviews", setting)
    page.locator("#result_list tr", has_text=subject).get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/review/\d+/change/"))


def act(page: Page, name: str, setting: Setting, **typed: str) -> None:
    """Choose what is done about the review, fill it in, and see that it is done."""
    page.locator(f".object-tools a[href$='/{name}/']").click()
    for field, text in typed.items():
        page.locator(f"[name={field}]").fill(text)
    picture(page, f"review-{name}", setting)
    page.locator("#content-main form button[type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    picture(page, f"review-{name}-done", setting)
