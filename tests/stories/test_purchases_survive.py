"""Whatever dies or lies while people buy: each payment is delivered once, and the books verify."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.stories import books, sales
from tests.stories.creem_store import CreemStore
from tests.stories.strikes import strike
from tests.stories.visitor import Visitor

pytestmark = pytest.mark.cluster

FULL = os.environ.get("PROVE") == "1"
ROUNDS = 20 if FULL else 2
MOMENT = random.Random(os.environ.get("SEED", "purser"))
EMAIL = "guest@example.com"


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

    sales.let_all_be_asked_about(shop)
    sales.wait_until_delivered(shop, bought)
    sales.assert_delivered_once(shop, bought)
    books.assert_books_balance(shop)


def test_a_payment_whose_webhook_never_comes_is_found_by_asking(shop: Cluster, store: CreemStore) -> None:
    store.webhooks(drop=True)
    reference = Visitor(shop.site_url).order("trial", EMAIL)
    store.pay(reference)

    sales.let_all_be_asked_about(shop)

    sales.wait_until_delivered(shop, [reference])
    sales.assert_delivered_once(shop, [reference])


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
    sales.wait_until_delivered(shop, [reference])
    sales.assert_delivered_once(shop, [reference])
    books.assert_books_balance(shop)
