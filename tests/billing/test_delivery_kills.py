"""Whoever dies at whatever statement of a delivery: one delivery, one key, and books that verify."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiKey
from accounts.services import api_keys
from billing import tasks
from billing.models import KeyIntent, Order, OrderMail, Package
from billing.services import delivery, foreign_keys, showing, wiring
from ledger.models import Entry
from redemption.models import Code
from tests import killing
from tests.billing import test_delivery
from tests.billing.consoles import RunningConsole
from tests.billing.paying import paid
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

FULL = os.environ.get("PROVE") == "1"
# More than any delivery has. The first moment that a worker survives is the end of the delivery.
MOST_MOMENTS = 400
SPREAD = 7
SOON_SECONDS = 30

State, Result = Order.State, Order.Result
Sell = Callable[[], Order]


@pytest.fixture
def package(db: None) -> Package:
    return make.package()


def moments(
    act_on: Callable[[Order], Callable[[], object]], sell: Sell, *, spread: int = SPREAD
) -> Iterator[tuple[Order, int]]:
    """Yield an order for each moment at which a worker was killed while it acted on it: all, or a spread."""
    last = number_of_moments(act_on, sell)
    every = range(last)
    for moment in every if FULL else sorted({0, last - 1, *random.Random(last).sample(every, spread)}):
        order = sell()
        assert not killing.survives(act_on(order), moment=moment)
        yield order, moment


def number_of_moments(act_on: Callable[[Order], Callable[[], object]], sell: Sell) -> int:
    """Find by halves how many moments there are."""
    fewest, most = 1, MOST_MOMENTS
    while fewest < most:
        moment = (fewest + most) // 2
        if killing.survives(act_on(sell()), moment=moment):
            most = moment
        else:
            fewest = moment + 1
    return fewest


def by_task(order: Order) -> Callable[[], object]:
    return lambda: tasks.deliver_order(order.pk)


def sweep() -> None:
    """Let the time of every next try come, and do what the sweep finds."""
    wiring._key_console.cache_clear()
    for _time in range(2):
        past = timezone.now() - timedelta(seconds=1)
        Order.objects.filter(deliver_at__isnull=False).update(deliver_at=past)
        for order_pk in delivery.due():
            delivery.deliver(order_pk)
    KeyIntent.objects.filter(go_on_at__isnull=False).update(go_on_at=timezone.now())
    for order_pk in foreign_keys.due():
        foreign_keys.go_on(order_pk)


def assert_delivered_once(order: Order, result: Order.Result) -> None:
    order.refresh_from_db()
    assert (order.state, order.result, order.deliver_at) == (State.DELIVERED, result, None)
    assert order.steps.filter(kind="delivered").count() == 1
    assert order.mails.filter(kind=OrderMail.Kind.DELIVERED).count() == 1


def assert_books_verify() -> None:
    test_delivery.assert_books_verify()
    assert Entry.objects.filter(kind=Entry.Kind.ORDER_DELIVERED).count() == (
        Order.objects.filter(result=Result.WALLET).count()
        + Order.objects.filter(result=Result.KEY, foreign_key_id="").count()
    )
    assert Code.objects.count() == Order.objects.filter(result=Result.CODE).count()
    assert ApiKey.objects.count() == Order.objects.filter(api_key__isnull=False).count()


def test_a_worker_that_dies_anywhere_delivers_one_key(package: Package) -> None:
    for order, _moment in moments(by_task, lambda: paid(package)):
        sweep()

        assert_delivered_once(order, Result.KEY)
        assert order.api_key is not None
        assert api_keys.parse(showing.secret_of(order) or "").key_id == order.api_key.key_id
    sweep()
    assert_books_verify()


def test_a_worker_that_dies_anywhere_credits_a_wallet_once(package: Package) -> None:
    user = UserFactory.create()
    for order, _moment in moments(by_task, lambda: paid(package, user=user)):
        sweep()

        assert_delivered_once(order, Result.WALLET)
    sweep()
    assert_books_verify()


def test_a_worker_that_dies_anywhere_sells_one_code(package: Package, settings: Settings) -> None:
    settings.KEY_ISSUER = "off"
    for order, _moment in moments(by_task, lambda: paid(package)):
        sweep()

        assert_delivered_once(order, Result.CODE)
        assert showing.secret_of(order) is not None
    sweep()
    assert_books_verify()


def test_a_worker_that_dies_anywhere_leaves_one_key_at_the_console(
    package: Package, console: RunningConsole
) -> None:
    for order, _moment in moments(by_task, lambda: paid(package)):
        sweep()

        assert_delivered_once(order, Result.KEY)
        [key] = console.keys(order.reference)
        assert showing.secret_of(order) == f"sk-{key['key']}"
    sweep()
    assert_books_verify()


def test_a_worker_that_dies_between_the_consoles_work_and_its_answer_leaves_one_key(
    package: Package, console: RunningConsole
) -> None:
    order = paid(package)
    console.fail(mode="stall", seconds=SOON_SECONDS, after_work=True, path="token/")
    worker = killing.start(by_task(order))
    deadline = time.monotonic() + SOON_SECONDS
    while not console.keys(order.reference):
        assert time.monotonic() < deadline

    os.kill(worker, signal.SIGKILL)
    assert not killing.ended(worker)
    console.fail()
    sweep()

    assert_delivered_once(order, Result.KEY)
    assert len(console.keys(order.reference)) == 1
    assert_books_verify()


def test_a_worker_that_dies_anywhere_when_the_console_refuses_sells_one_code(
    package: Package, console: RunningConsole, settings: Settings
) -> None:
    settings.KEY_CONSOLE_TOKEN = "wrong"
    for order, _moment in moments(by_task, lambda: paid(package)):
        sweep()

        assert_delivered_once(order, Result.CODE)
    settings.KEY_CONSOLE_TOKEN = "sandbox-console-token"
    sweep()
    assert_books_verify()


def test_a_worker_that_dies_anywhere_while_it_rolls_a_consoles_key_leaves_one(
    package: Package, console: RunningConsole
) -> None:
    def delivered() -> Order:
        order = paid(package)
        delivery.deliver(order.pk)
        order.refresh_from_db()
        return order

    def by_rolling(order: Order) -> Callable[[], object]:
        return lambda: showing.roll(order)

    for order, _moment in moments(by_rolling, delivered):
        sweep()

        order.refresh_from_db()
        [key] = console.keys(order.reference)
        assert showing.secret_of(order) == f"sk-{key['key']}"
        assert order.foreign_key_id == str(key["id"])
