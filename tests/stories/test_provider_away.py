"""A provider that is away for an hour costs that hour: buyers read why, and nothing is lost or doubled."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
import requests

from tests.cluster import Cluster
from tests.stories import books, sales
from tests.stories.creem_store import CreemStore
from tests.stories.visitor import KEY_SHAPE, Visitor

pytestmark = pytest.mark.cluster

FULL = os.environ.get("PROVE") == "1"
CLOCK_SCALE = 30 if FULL else 180  # of the provider's clock: its hour takes two minutes, or twenty seconds
HOUR_SECONDS = 3600
BUYERS = 4 if FULL else 1
EMAIL = "guest@example.com"

# What its API does, each for a part of the hour; those that let a buyer wait come first.
FAULTS: list[dict[str, Any]] = [
    {"mode": "drip", "seconds": 1},
    {"mode": "stall", "seconds": 600},
    {"mode": "fail", "status": 429, "retry_after": "600"},
    {"mode": "fail", "status": 503},
    {"mode": "garbage"},
]
NO_PAGE_TO_PAY_ON = {
    "The payment page could not be opened",
    "Our payment provider did not answer. Nothing was charged, and your order is kept.",
    "Try again",
}
NO_PAYMENT_YET = {
    "Waiting for the payment",
    "We asked just now: no payment has arrived yet.",
    "To the payment page",
    "I have paid, check now",
}
REVIEWS = "SELECT reason, detail FROM billing_review"


class Buyer(Visitor):
    """A guest with one order, who keeps what the shop showed."""

    def __init__(self, shop: Cluster) -> None:
        super().__init__(shop.site_url)
        self.shown: list[requests.Response] = []

    def buy(self) -> None:
        """Order, and look at the order's page."""
        self.reference = self.order("trial", EMAIL)
        self.look()

    def look(self) -> None:
        self.shown.append(self.get(f"/orders/{self.reference}"))

    def press(self, button: str) -> None:
        self.shown.append(self.post(f"/orders/{self.reference}/{button}"))

    def is_told(self, words: set[str]) -> bool:
        """Tell whether the last page is one that says all these ``words``."""
        text = unescape(self.shown[-1].text)
        return self.shown[-1].status_code == 200 and all(each in text for each in words)

    def holds_a_key(self) -> bool:
        self.look()
        return KEY_SHAPE.search(self.shown[-1].text) is not None


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    """Run a product of its own, whose provider has a faster clock."""
    with Cluster(SANDBOX_CLOCK_SCALE=str(CLOCK_SCALE)) as running:
        yield running


def test_a_provider_that_is_away_for_an_hour_costs_that_hour(shop: Cluster) -> None:
    store = CreemStore(shop)
    told, told_late = buyers_with_a_page_to_pay_on(shop, 2)
    never_told = buyers_with_a_page_to_pay_on(shop, BUYERS * len(FAULTS))
    newcomers = [Buyer(shop) for _ in never_told]
    pay(store, *never_told, drop=True)
    pay(store, told_late, delay_seconds=HOUR_SECONDS)

    with an_hour_of_faults(store, newcomers, never_told):
        pay(store, told)
        sales.ask_about_all(shop)
        sales.wait_until_delivered(shop, [told.reference])
    refused = [buyer.is_told(NO_PAGE_TO_PAY_ON) for buyer in newcomers]
    waiting = [buyer.is_told(NO_PAYMENT_YET) for buyer in never_told]
    for buyer in newcomers:
        buyer.press("pay")
    pay(store, *newcomers)
    sales.ask_about_all(shop)

    everybody = [told, told_late, *never_told, *newcomers]
    sales.wait_until_delivered(shop, [buyer.reference for buyer in everybody])
    assert all(refused)
    assert all(waiting)
    assert all(buyer.holds_a_key() for buyer in everybody)
    sales.assert_delivered_once(shop, [buyer.reference for buyer in everybody])
    assert books.query(shop, REVIEWS) == []
    books.assert_books_balance(shop)


def buyers_with_a_page_to_pay_on(shop: Cluster, count: int) -> list[Buyer]:
    buyers = [Buyer(shop) for _ in range(count)]
    for buyer in buyers:
        buyer.buy()
    return buyers


def pay(store: CreemStore, *buyers: Buyer, **handling: Any) -> None:
    """Pay the orders, whose webhooks meet that ``handling``."""
    store.webhooks(**handling)
    for buyer in buyers:
        store.pay(buyer.reference)
    store.webhooks()


@contextmanager
def an_hour_of_faults(store: CreemStore, newcomers: list[Buyer], never_told: list[Buyer]) -> Iterator[None]:
    """Let the provider fail for an hour, one way after the other, and until every buyer has met with it."""
    store.api(**FAULTS[0])
    with ThreadPoolExecutor(1 + len(newcomers) + len(never_told)) as people:
        hour = people.submit(live_through_it, people, store, newcomers, never_told)
        yield
        hour.result()
    store.api()


def live_through_it(
    people: ThreadPoolExecutor, store: CreemStore, newcomers: list[Buyer], never_told: list[Buyer]
) -> None:
    """In each part of the hour some newcomers order, and some who have paid ask whether that has arrived."""
    began, acts = time.monotonic(), []
    for part, fault in enumerate(FAULTS):
        store.api(**fault)
        acts += [people.submit(buyer.buy) for buyer in newcomers[part :: len(FAULTS)]]
        acts += [people.submit(buyer.press, "ask") for buyer in never_told[part :: len(FAULTS)]]
        over = began + HOUR_SECONDS / CLOCK_SCALE * (part + 1) / len(FAULTS)
        time.sleep(max(0, over - time.monotonic()))
    for act in acts:
        act.result()
