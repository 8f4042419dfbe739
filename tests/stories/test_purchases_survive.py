"""Whatever dies or lies while people buy: each payment is delivered once, and the books verify."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.creem_store import CreemStore
from tests.stories.strikes import strike
from tests.stories.visitor import Visitor

pytestmark = pytest.mark.cluster

FULL = os.environ.get("PROVE") == "1"
ROUNDS = 20 if FULL else 2
MOMENT = random.Random(os.environ.get("SEED", "purser"))
EMAIL = "guest@example.com"

ORDERS = """
    SELECT orders.state, orders.result,
           (SELECT count(*) FROM billing_payment AS payment WHERE payment.order_id = orders.id),
           (SELECT count(*) FROM accounts_apikey AS key WHERE key.customer_id = orders.customer_id),
           (SELECT account.wallet_balance_nano_usd FROM ledger_account AS account
             WHERE account.customer_id = orders.customer_id) = orders.credit_nano_usd,
           (SELECT count(*) FROM billing_ordermail AS mail WHERE mail.order_id = orders.id
               AND mail.kind = 'delivered')
      FROM billing_order AS orders WHERE orders.reference = %s
"""
DELIVERED_ONCE = ("delivered", "key", 1, 1, True, 1)


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    """Run a product of its own to break."""
    with Cluster() as running:
        yield running


@pytest.fixture
def store(shop: Cluster) -> Iterator[CreemStore]:
    store = CreemStore(shop)
    yield store
    store.webhooks()
    store.api()
    store.console()


@pytest.mark.parametrize("fault", ["worker", "redis", "postgres", "web", "flush"])
def test_a_payment_is_delivered_once_whatever_dies(shop: Cluster, store: CreemStore, fault: str) -> None:
    store.webhooks(copies=2)
    bought = []
    for _round in range(ROUNDS):
        references = [Visitor(shop.site_url).order("standard", EMAIL) for _ in range(4)]
        for reference in references:
            store.pay(reference)
        time.sleep(MOMENT.uniform(0, 0.4))  # the moment of the blow is drawn, not awaited
        strike(shop, fault)
        books.wait_until(shop.is_healthy, "healthy again")
        bought += references

    tell_again_what_was_missed(shop)
    for reference in bought:
        books.wait_until(lambda it=reference: is_delivered(shop, it), f"{reference} delivered")  # type: ignore[misc]
    assert {books.query(shop, ORDERS, reference)[0] for reference in bought} == {DELIVERED_ONCE}
    books.assert_books_balance(shop)


def test_a_payment_whose_webhook_never_comes_is_found_by_asking(shop: Cluster, store: CreemStore) -> None:
    store.webhooks(drop=True)
    reference = Visitor(shop.site_url).order("trial", EMAIL)
    store.pay(reference)

    tell_again_what_was_missed(shop)

    books.wait_until(lambda: is_delivered(shop, reference), "delivered without a webhook")
    assert books.query(shop, ORDERS, reference) == [DELIVERED_ONCE]


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "fail", "status": 500},
        {"mode": "fail", "status": 429, "retry_after": "30"},
        {"mode": "garbage"},
        {"mode": "truncate"},
        {"mode": "reset"},
    ],
    ids=["500", "429", "garbage", "truncated", "reset"],
)
def test_a_buyer_sees_a_clear_page_while_the_provider_fails(
    shop: Cluster, store: CreemStore, fault: dict[str, object]
) -> None:
    buyer = Visitor(shop.site_url)
    store.api(**fault)
    reference = buyer.order("trial", EMAIL)
    failed = buyer.get(f"/orders/{reference}")
    store.api()
    opened = buyer.post(f"/orders/{reference}/pay")
    store.webhooks(drop=True)
    store.pay(reference)
    store.api(**fault)
    still_waiting = buyer.post(f"/orders/{reference}/ask")
    store.api()
    buyer.post(f"/orders/{reference}/ask")

    assert "try-again" in failed.text
    assert opened.status_code == 200
    assert still_waiting.status_code == 200
    assert "to-payment" in still_waiting.text
    books.wait_until(lambda: is_delivered(shop, reference), "delivered after the provider came back")
    assert books.query(shop, ORDERS, reference) == [DELIVERED_ONCE]
    books.assert_books_balance(shop)


def tell_again_what_was_missed(shop: Cluster) -> None:
    """Let the sweep ask at once about every order that waits, in place of two minutes after it was opened."""
    books.change(shop, "UPDATE billing_order SET ask_at = now() WHERE ask_at IS NOT NULL")


def is_delivered(shop: Cluster, reference: str) -> bool:
    return bool(books.query(shop, ORDERS, reference)[0][0] == "delivered")
