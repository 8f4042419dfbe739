"""A provider that is away for an hour costs that hour: buyers read why, and nothing is lost or doubled."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.stories import books, sales
from tests.stories.coin_wallet import CoinProvider, CoinWallet
from tests.stories.creem_store import CreemStore
from tests.stories.outage import BUYERS, CLOCK_SCALE, FAULTS, HOUR_SECONDS, Buyer, an_hour_of_faults, at_each

pytestmark = pytest.mark.cluster

COIN = "usdtbsc"
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
NO_ADDRESS = {
    "Choose a coin",
    "The payment provider did not answer. Nothing was charged: try again in a minute.",
    "Show the address",
}
NO_LIST_OF_COINS = {
    "Choose a coin",
    "The payment provider cannot be reached right now. Nothing was charged and your order is kept",
    "Try again",
}
NO_COINS_YET = {
    "Send your coins",
    "We asked just now: no payment has arrived yet.",
    "I have paid, check now",
}
REVIEWS = "SELECT reason, detail FROM billing_review"
PUT_OFF = "SELECT FROM billing_inboxevent WHERE provider = 'nowpayments' AND attempts > 0"
LET_THE_LIST_BE_OLD = "UPDATE billing_coin SET asked_at = now() - interval '3 hours'"


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    """Run a product of its own, whose providers have a faster clock."""
    with Cluster(SANDBOX_CLOCK_SCALE=str(CLOCK_SCALE)) as running:
        yield running


def test_a_provider_of_card_payments_that_is_away_for_an_hour_costs_that_hour(shop: Cluster) -> None:
    store = CreemStore(shop)
    told, told_late, *never_told = people_with_a_page_to_pay_on(shop, 2 + BUYERS * len(FAULTS))
    newcomers = [Buyer(shop) for _ in never_told]
    pay(store, *never_told, drop=True)
    pay(store, told_late, delay_seconds=HOUR_SECONDS)

    buying = at_each(newcomers, lambda buyer: buyer.buy("trial"))
    asking = at_each(never_told, lambda buyer: buyer.press("ask"))
    with an_hour_of_faults(store.api, buying, asking):
        pay(store, told)
        sales.ask_about_all(shop)
        sales.wait_until_delivered(shop, [told.reference])
    refused = [buyer.is_told(NO_PAGE_TO_PAY_ON) for buyer in newcomers]
    waiting = [buyer.is_told(NO_PAYMENT_YET) for buyer in never_told]
    for buyer in newcomers:
        buyer.press("pay")
    pay(store, *newcomers)
    sales.ask_about_all(shop)

    assert_all_have_what_they_paid_for(shop, [told, told_late, *never_told, *newcomers])
    assert all(refused)
    assert all(waiting)


def test_a_provider_of_coins_that_is_away_for_an_hour_costs_that_hour(shop: Cluster) -> None:
    provider = CoinProvider(shop)
    never_told = people_with_an_address(shop, BUYERS * len(FAULTS))
    told = people_with_an_address(shop, BUYERS * len(FAULTS))
    newcomers = [Buyer(shop) for _ in told]
    send_without_notifications(provider, never_told)

    with an_hour_of_faults(
        provider.api,
        at_each(newcomers, order_and_choose),
        at_each(never_told, lambda buyer: buyer.press("ask")),
        at_each(told, lambda buyer: send(shop, buyer)),
    ):
        sales.ask_about_all(shop)
    refused = [buyer.is_told(NO_ADDRESS) for buyer in newcomers]
    waiting = [buyer.is_told(NO_COINS_YET) for buyer in never_told]
    assert books.query(shop, PUT_OFF) != []
    sales.let_all_be_tried_again(shop)
    sales.wait_until_delivered(shop, [buyer.reference for buyer in told])
    for buyer in newcomers:
        buyer.press("coin", coin=COIN)
        send(shop, buyer)
    sales.ask_about_all(shop)

    assert_all_have_what_they_paid_for(shop, [*never_told, *told, *newcomers])
    assert all(refused)
    assert all(waiting)


def test_without_a_list_of_coins_that_is_new_enough_a_buyer_reads_why_and_can_pay_after(
    shop: Cluster,
) -> None:
    provider, buyer = CoinProvider(shop), Buyer(shop)
    provider.api(mode="fail", status=503)
    books.change(shop, LET_THE_LIST_BE_OLD)
    buyer.buy("standard", way="nowpayments-usd")
    refused = buyer.is_told(NO_LIST_OF_COINS)
    provider.api()

    buyer.look()
    buyer.press("coin", coin=COIN)
    send(shop, buyer)

    assert refused
    assert_all_have_what_they_paid_for(shop, [buyer])


def assert_all_have_what_they_paid_for(shop: Cluster, everybody: list[Buyer]) -> None:
    """Wait for every key; assert that each was paid and delivered once, and that nobody has to look at it."""
    references = [buyer.reference for buyer in everybody]
    sales.wait_until_delivered(shop, references)
    assert all(buyer.holds_a_key() for buyer in everybody)
    sales.assert_delivered_once(shop, references)
    assert books.query(shop, REVIEWS) == []
    books.assert_books_balance(shop)


def people_with_a_page_to_pay_on(shop: Cluster, count: int) -> list[Buyer]:
    buyers = [Buyer(shop) for _ in range(count)]
    for buyer in buyers:
        buyer.buy("trial")
    return buyers


def pay(store: CreemStore, *buyers: Buyer, **handling: Any) -> None:
    """Pay the orders, whose webhooks meet that ``handling``."""
    store.webhooks(**handling)
    for buyer in buyers:
        store.pay(buyer.reference)
    store.webhooks()


def people_with_an_address(shop: Cluster, count: int) -> list[Buyer]:
    buyers = [Buyer(shop) for _ in range(count)]
    for buyer in buyers:
        order_and_choose(buyer)
    return buyers


def order_and_choose(buyer: Buyer) -> None:
    buyer.buy("standard", way="nowpayments-usd")
    buyer.press("coin", coin=COIN)


def send(shop: Cluster, buyer: Buyer) -> None:
    """Send all the coins that the order asks for."""
    CoinWallet(shop, buyer.reference).act("exact")


def send_without_notifications(provider: CoinProvider, buyers: list[Buyer]) -> None:
    provider.notifications(drop=True)
    for buyer in buyers:
        send(provider.cluster, buyer)
    provider.wait_until_quiet()
    provider.notifications()
