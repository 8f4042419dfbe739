"""The operator refunds an order, a bank disputes one: both seen in a browser by clerk and buyer."""

import re

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.browsing import Setting, picture, plain_answer
from tests.stories.creem_store import CreemStore
from tests.stories.desk import READERS
from tests.stories.test_purchase import buy, new_email
from tests.stories.visitor import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

TRANSACTION = """
    SELECT payment.transaction_id FROM billing_payment AS payment
      JOIN billing_order AS orders ON orders.id = payment.order_id WHERE orders.reference = %s
"""
STATE = """
    SELECT refund.kind, refund.state FROM billing_refund AS refund
      JOIN billing_order AS orders ON orders.id = refund.order_id WHERE orders.reference = %s
"""


@pytest.fixture(params=READERS, ids=["desk", "chinese phone at night"])
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param  # type: ignore[no-any-return]


def test_a_whole_refund_takes_the_key_back_and_its_buyer_reads_so(
    cluster: Cluster, person: Page, clerk: Page, setting: Setting
) -> None:
    email = new_email()
    buy(person, "standard", email, setting)
    expect(person.locator("#api-key")).to_be_visible()
    key, base_url = person.locator("#api-key").input_value(), person.locator("#base-url").input_value()
    reference = reference_of(person)

    open_refund(clerk, reference, setting)
    clerk.locator("[name=reason]").fill("asked for it")
    picture(clerk, "admin-refund", setting)
    clerk.locator("#content-main form button[type=submit]").click()
    expect(clerk.locator(".messagelist .success")).to_be_visible()

    books.wait_until(
        lambda: books.query(cluster, STATE, reference) == [("refund", "done")],
        "the refund is known to be done",
    )
    person.reload()
    expect(person.locator("#api-key")).to_have_count(0)
    picture(person, "order-refunded", setting)
    assert "/orders/" in Mailbox(cluster.sandbox_url).newest_link(email)
    with (
        openai.OpenAI(base_url=base_url, api_key=key, max_retries=0) as client,
        pytest.raises((openai.AuthenticationError, openai.PermissionDeniedError)),
    ):
        plain_answer(client)
    books.assert_books_balance(cluster)


def test_a_dispute_freezes_what_was_bought(cluster: Cluster, person: Page, setting: Setting) -> None:
    buy(person, "standard", new_email(), setting)
    expect(person.locator("#api-key")).to_be_visible()
    key, base_url = person.locator("#api-key").input_value(), person.locator("#base-url").input_value()
    reference = reference_of(person)
    [(transaction,)] = books.query(cluster, TRANSACTION, reference)

    CreemStore(cluster).dispute(transaction)

    books.wait_until(lambda: books.query(cluster, STATE, reference) != [], "the dispute is known")
    person.reload()
    picture(person, "order-disputed", setting)
    with (
        openai.OpenAI(base_url=base_url, api_key=key, max_retries=0) as client,
        pytest.raises((openai.AuthenticationError, openai.PermissionDeniedError)),
    ):
        plain_answer(client)
    books.assert_books_balance(cluster)


def reference_of(page: Page) -> str:
    found = re.search(r"ord_\w+", page.url)
    assert found is not None
    return found[0]


def open_refund(clerk: Page, reference: str, setting: Setting) -> None:
    """Find the order in the admin and open the page of its refund."""
    clerk.goto(f"/admin/billing/order/?q={reference}")
    clerk.get_by_role("link", name=reference).first.click()
    picture(clerk, "admin-order", setting)
    clerk.locator(".object-tools a[href$='/refund/']").click()
