"""Many workers at one order: it is delivered once, and nobody fails."""

import pytest
from pytest_django import Settings

from accounts.models import ApiKey
from billing import tasks
from billing.models import Order, OrderMail
from billing.services import delivery
from ledger.models import Entry
from ledger.services import proof
from redemption.models import Code
from tests.billing import test_delivery
from tests.billing.consoles import RunningConsole
from tests.billing.paying import paid
from tests.billing.test_delivery import steps
from tests.factories.accounts import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8


def deliver_by_many(order: Order) -> Order:
    results = together(WORKERS, lambda _: tasks.deliver_order(order.pk))
    assert results == [None] * WORKERS
    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert steps(order).count("delivered") == 1
    assert OrderMail.objects.filter(order=order, kind=OrderMail.Kind.DELIVERED).count() == 1
    test_delivery.assert_books_verify()
    return order


def test_a_guest_gets_one_key() -> None:
    order = deliver_by_many(paid())

    assert list(ApiKey.objects.all()) == [order.api_key]
    assert Entry.objects.count() == 1


def test_a_user_gets_the_credit_once() -> None:
    deliver_by_many(paid(user=UserFactory.create()))

    assert Entry.objects.count() == 1


def test_one_code_is_sold(settings: Settings) -> None:
    settings.KEY_ISSUER = "off"

    order = deliver_by_many(paid())

    assert list(Code.objects.all()) == [order.code]


def test_the_console_makes_one_key(console: RunningConsole) -> None:
    order = deliver_by_many(paid())

    assert len(console.keys(order.reference)) == 1


def test_workers_whose_tries_overlap_deliver_once(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try may take longer than its lease: then the next one begins before it has ended."""
    monkeypatch.setattr(delivery, "LEASE", -delivery.LEASE)

    order = deliver_by_many(paid())

    assert len(console.keys(order.reference)) == 1
    assert order.delivery_attempts > 1


def test_many_workers_deliver_many_orders_of_one_user() -> None:
    user = UserFactory.create()
    orders = [paid(user=user)]
    orders += [paid(orders[0].package, user=user) for _ in range(5)]

    results = together(12, lambda number: delivery.deliver(orders[number % 6].pk))

    assert results == [None] * 12
    assert Order.objects.filter(state=Order.State.DELIVERED).count() == 6
    assert proof.discrepancies() == []
