"""Two things at once about the coins of one order: one of them is first, and every coin is used once."""

import pytest

from billing import tasks
from billing.errors import NothingToDecide
from billing.models import Deposit, InboxEvent, Order, Payment
from billing.services import checkouts, coin_payments, deposits, proof
from billing.services import coins as list_of_coins
from ledger.models import Account, Entry
from ledger.services import proof as ledger_proof
from tests.billing.coin_shop import CoinShop
from tests.factories.accounts import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

Use = Deposit.Use


@pytest.fixture(autouse=True)
def _nothing_goes_to_the_broker(nudges: list[tuple[str, int]]) -> None:
    """Let tests hand out the work themselves."""


def assert_all_is_used_once(order: Order) -> None:
    tasks.deliver_order(order.pk)
    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert Payment.objects.count() == 1
    granted = order.credit_nano_usd + sum(each.credit_nano_usd for each in order.deposits.all())
    assert Account.objects.get(customer=order.customer).wallet_balance_nano_usd == granted
    with ledger_proof.snapshot():
        assert [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


def accepted(order: Order) -> bool:
    try:
        coin_payments.accept(order)
    except NothingToDecide:
        return False
    return True


def test_of_two_clicks_one_takes_the_credit(coins: CoinShop) -> None:
    order = coins.bought("short", user=UserFactory.create())

    results = together(4, lambda _: accepted(order))

    assert (results.count(True), results.count(False)) == (1, 3)
    assert_all_is_used_once(order)


def test_the_rest_that_comes_while_the_buyer_accepts_is_credited_all_the_same(coins: CoinShop) -> None:
    order = coins.bought("short", user=UserFactory.create())
    rest = deposits.standing(order).rest_to_send
    coins.send(order.deposits.get(), f"{rest:f}")

    together(4, lambda place: accepted(order) if place % 2 else bool(checkouts.ask(order.pk)))
    coins.told()

    tasks.deliver_order(order.pk)
    tasks.tend_coins()
    assert_all_is_used_once(order)
    uses = set(order.deposits.values_list("use", flat=True))
    assert Use.PAID in uses
    assert uses <= {Use.PAID, Use.CREDITED}


def test_two_addresses_that_are_paid_at_once_pay_once_and_are_credited_once(coins: CoinShop) -> None:
    order = coins.order(user=UserFactory.create())
    for deposit in [coins.chosen(order), coins.chosen(order, coin="ltc")]:
        coins.act(deposit, "exact")
    events = coins.received()

    together(len(events), lambda place: tasks.handle_event(events[place]))

    tasks.deliver_order(order.pk)
    together(2, lambda _: tasks.tend_coins())
    assert not InboxEvent.objects.filter(handled_at=None).exists()
    assert_all_is_used_once(order)
    assert sorted(order.deposits.values_list("use", flat=True)) == [Use.CREDITED, Use.PAID]
    assert Entry.objects.count() == 2


def test_of_many_clicks_on_a_coin_all_see_one_address(coins: CoinShop) -> None:
    order = coins.order()
    list_of_coins.refresh()

    opened = together(4, lambda _: deposits.open_address(order, coin_code="ltc").payment_id)

    assert len(set(opened)) == 1
    assert order.deposits.count() == 1
