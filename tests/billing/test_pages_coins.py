"""The pages on which an order is paid in coins, as its buyer sees and presses them."""

import re
from typing import Any

import pytest
from django.test import Client

from billing.models import Coin, Order, Review
from billing.services import coins as list_of_coins
from billing.services import deposits
from tests.billing.coin_shop import CoinShop
from tests.billing.shoppers import CHINESE, HTMX, address, again, browser, buyer_of, page_of
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.portal.reading import english_left, words

pytestmark = pytest.mark.django_db(transaction=True)

AWAY: list[dict[str, Any]] = [
    {"mode": "stall", "seconds": 30},
    {"mode": "fail", "status": 429, "retry_after": "600"},
    {"mode": "fail", "status": 503},
    {"mode": "garbage"},
]


@pytest.fixture(autouse=True)
def _nothing_goes_to_the_broker(nudges: list[tuple[str, int]]) -> None:
    """Let tests hand out the work themselves."""


@pytest.fixture
def order(coins: CoinShop) -> Order:
    list_of_coins.refresh()
    return coins.order()


def press(client: Client, order: Order, act: str, **fields: str) -> str:
    """Press a button of the page, and return what the browser shows then."""
    answer = client.post(f"{address(order)}/{act}", fields, follow=True)
    assert answer.status_code == 200
    return answer.text


def chosen(client: Client, order: Order, coin: str = "usdttrc20") -> str:
    return press(client, order, "coin", coin=coin)


def test_the_buyer_sees_every_minimum_before_choosing(order: Order) -> None:
    page = words(page_of(buyer_of(order), order))

    assert "Choose a coin" in page
    assert "from USD 12.91" in page
    assert page.count("more than this order") == 0


def test_what_cannot_be_chosen_says_why(coins: CoinShop) -> None:
    list_of_coins.refresh()
    order = coins.order(price_cents=300)

    page = page_of(buyer_of(order), order)

    assert re.search(r'value="btc" required disabled', page)
    assert "more than this order" in words(page)


def test_an_address_shows_amount_network_and_picture(order: Order) -> None:
    client = buyer_of(order)

    page = chosen(client, order)

    deposit = order.deposits.get()
    assert f'id="coin-address" type="text" value="{deposit.address}"' in page
    assert 'id="coin-amount" type="text" value="25.14375"' in page
    assert "<svg" in page
    assert "Send your coins" in words(page)
    assert "Network TRX" in words(page)


def test_a_memo_comes_with_a_warning(order: Order) -> None:
    page = chosen(buyer_of(order), order, "xrp")

    assert str(order.deposits.get().memo) in page
    assert "Without it your coins are lost." in words(page)


@pytest.mark.parametrize("coin", ["usdttrc20", "xrp"])
def test_the_pages_of_coins_are_chinese_throughout(order: Order, coin: str) -> None:
    client = buyer_of(order)
    # The longest first: a part of a name would leave its rest behind.
    names = sorted(Coin.objects.values_list("name", flat=True), key=len, reverse=True)
    names += ["g…t@example.com", "TRX", "XRP", "Memo"]
    before = client.get(address(order), headers=CHINESE)

    chosen(client, order, coin)

    after = client.get(address(order), headers=CHINESE)
    assert english_left(before.text, *names) == english_left(after.text, *names) == set()


def test_two_clicks_show_the_same_address(order: Order) -> None:
    client = buyer_of(order)

    chosen(client, order)
    chosen(client, order)

    assert order.deposits.count() == 1


def test_another_coin_can_be_chosen_until_one_has_come(order: Order) -> None:
    client = buyer_of(order)
    chosen(client, order)

    assert "Choose a coin" in words(press(client, order, "another-coin"))
    assert "Stellar" in words(chosen(client, order, "xlm"))
    assert order.deposits.count() == 2


def test_a_page_that_waits_shows_coins_as_soon_as_they_are_seen(coins: CoinShop, order: Order) -> None:
    client = buyer_of(order)
    chosen(client, order)
    seen = fingerprint_of(client, order)
    coins.act(order.deposits.get(), "short")
    coins.told()

    answer = client.get(address(order), {"seen": seen}, headers=HTMX)

    assert "Too few coins arrived" in words(answer.text)
    assert client.get(address(order), {"seen": fingerprint_of(client, order)}).status_code == 204


def test_too_few_coins_are_credited_when_their_buyer_says_so(coins: CoinShop, order: Order) -> None:
    client = buyer_of(order)
    chosen(client, order)
    coins.act(order.deposits.get(), "short")
    coins.told()

    page = words(page_of(client, order))
    assert "Pay the rest" in page
    assert "You get $4.59" in page
    assert "Coins worth USD 15.00 $15.00 of USD 25.00 $25.00 are here" in page
    assert "Paid" in words(press(client, order, "accept-coins"))
    assert again(order).is_paid


def test_too_few_coins_are_asked_back_by_their_buyer(coins: CoinShop, order: Order) -> None:
    client = buyer_of(order)
    chosen(client, order)
    coins.act(order.deposits.get(), "short")
    coins.told()

    press(client, order, "ask-back")

    assert Review.objects.get().reason == Review.Reason.REFUND_ASKED
    assert client.post(f"{address(order)}/accept-coins").status_code == 409


def test_in_place_of_another_coin_less_of_the_chosen_one_is_asked_for(coins: CoinShop, order: Order) -> None:
    chosen(buyer_of(order), order)
    deposit = order.deposits.get()
    coins.send(deposit, "10", coin="usdtbsc")
    coins.told()

    rest = deposits.standing(again(order)).rest_to_send
    assert rest is not None
    coins.send(deposit, f"{rest:f}")
    coins.told()

    assert (again(order).state, again(order).credit_nano_usd) == ("delivered", order.credit_nano_usd)


def test_an_address_whose_time_is_over_is_not_shown_any_more(coins: CoinShop, order: Order) -> None:
    client = buyer_of(order)
    chosen(client, order)
    coins.act(order.deposits.get(), "expire")

    page = press(client, order, "ask")

    assert order.deposits.get().address not in page
    assert "The last address was not used in time." in words(page)
    assert "Choose a coin" in words(page)


@pytest.mark.parametrize("fault", AWAY, ids=lambda fault: fault["mode"])
def test_while_the_provider_is_away_the_buyer_reads_so_and_tries_again(
    coins: CoinShop, order: Order, fault: dict[str, Any]
) -> None:
    client = buyer_of(order)
    coins.running.fail(**fault)

    page = words(chosen(client, order))
    assert "The payment provider did not answer. Nothing was charged" in page
    assert "Choose a coin" in page
    assert not order.deposits.exists()

    coins.running.fail()
    assert "Send your coins" in words(chosen(client, order))


def test_without_a_list_of_coins_the_page_says_so_and_keeps_the_order(coins: CoinShop, order: Order) -> None:
    Coin.objects.all().delete()
    coins.running.fail(mode="fail", status=503)

    page = words(page_of(buyer_of(order), order))

    assert "The payment provider cannot be reached right now." in page
    assert "Try again" in page


def test_a_button_that_asks_tells_when_nothing_has_come(order: Order) -> None:
    client = buyer_of(order)
    chosen(client, order)

    assert "no payment has arrived yet" in words(press(client, order, "ask"))


@pytest.mark.parametrize("act", ["coin", "another-coin", "accept-coins", "ask-back"])
def test_nobody_else_acts_on_an_order(order: Order, act: str) -> None:
    buyer_of(order)

    answer = browser("somebody else's").post(f"{address(order)}/{act}", {"coin": "usdttrc20"})

    assert answer.status_code == 404
    assert not order.deposits.exists()


def test_an_order_that_is_paid_by_card_opens_no_address(coins: CoinShop) -> None:
    list_of_coins.refresh()
    by_card = make.order()

    answer = buyer_of(by_card).post(f"{address(by_card)}/coin", {"coin": "usdttrc20"})

    assert answer.status_code == 404
    assert not by_card.deposits.exists()


def test_a_paid_order_opens_no_further_address(coins: CoinShop) -> None:
    order = coins.bought("exact", user=UserFactory.create())

    answer = buyer_of(order).post(f"{address(order)}/coin", {"coin": "ltc"})

    assert answer.status_code == 409
    assert order.deposits.count() == 1


def fingerprint_of(client: Client, order: Order) -> str:
    found = re.search(r"seen=([^\"&]+)", page_of(client, order))
    assert found
    return found.group(1)
