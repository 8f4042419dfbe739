"""The coins that can be paid with, asked for ahead of the buyers and kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import tasks
from billing.models import Coin
from billing.providers.errors import ProviderUnavailable
from billing.services import coins as list_of_coins
from billing.services import wiring
from tests.billing.coin_shop import CoinShop

pytestmark = pytest.mark.django_db(transaction=True)

AWAY: list[dict[str, Any]] = [
    {"mode": "stall", "seconds": 30},
    {"mode": "fail", "status": 429, "retry_after": "600"},
    {"mode": "fail", "status": 503},
    {"mode": "garbage"},
    {"mode": "truncate"},
    {"mode": "reset"},
]


def test_the_list_says_how_little_is_taken_of_each_coin(coins: CoinShop) -> None:
    tasks.tend_coins()

    least = dict(Coin.objects.values_list("code", "least_cents"))
    assert least["ltc"] == 210
    assert least["btc"] == 1291  # 12.9010644 is stated: rounded up to a cent
    assert Coin.objects.get(code="xrp").needs_memo


def test_a_coin_that_cannot_be_changed_now_is_left_out(coins: CoinShop) -> None:
    list_of_coins.refresh()

    assert not Coin.objects.filter(code="luna").exists()


def test_a_coin_whose_minimum_is_above_the_price_is_shown_as_impossible(coins: CoinShop) -> None:
    offered = {each.coin.code: each for each in list_of_coins.offered(coins.order(price_cents=300))}

    assert offered["ltc"].is_possible
    assert not offered["btc"].is_possible


def test_a_fresh_list_asks_nobody(coins: CoinShop) -> None:
    order = coins.order()
    list_of_coins.refresh()
    coins.running.fail(mode="fail", status=503)

    assert list_of_coins.offered(order)


@pytest.mark.parametrize("fault", AWAY, ids=lambda fault: fault["mode"])
def test_an_old_list_is_not_shown_while_the_provider_is_away(coins: CoinShop, fault: dict[str, Any]) -> None:
    order = coins.order()
    list_of_coins.refresh()
    Coin.objects.update(asked_at=timezone.now() - timedelta(hours=3))
    coins.running.fail(**fault)

    with pytest.raises(ProviderUnavailable):
        list_of_coins.offered(order)

    coins.running.fail()
    assert list_of_coins.offered(order)


def test_minimums_that_do_not_come_stay_as_they_were_known(coins: CoinShop) -> None:
    list_of_coins.refresh()
    before = dict(Coin.objects.values_list("code", "least_cents"))
    coins.running.fail(mode="fail", status=503, path="/min-amount")

    list_of_coins.refresh()

    assert before.items() <= dict(Coin.objects.values_list("code", "least_cents")).items()


def test_without_an_account_nobody_is_asked(coins: CoinShop, settings: Settings) -> None:
    settings.NOWPAYMENTS_API_KEY = ""
    coins.running.fail(mode="fail", status=503)

    tasks.tend_coins()

    assert not Coin.objects.exists()


@pytest.mark.parametrize(
    ("switch", "least_cents"), [("NOWPAYMENTS_FIXED_RATE", 232), ("NOWPAYMENTS_BUYER_PAYS_FEES", 263)]
)
def test_the_switches_of_the_account_raise_the_minimums(
    coins: CoinShop, settings: Settings, switch: str, least_cents: int
) -> None:
    setattr(settings, switch, True)
    wiring.nowpayments.cache_clear()

    list_of_coins.refresh()

    assert Coin.objects.get(code="ltc").least_cents == least_cents
