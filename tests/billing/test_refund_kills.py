"""Whoever dies at whatever statement of a refund: it heals, and the credit is taken back exactly once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.models import InboxEvent, Order, OrderMail, OrderStep, Refund, Review
from billing.services import delivery, refund_requests, refunds, wiring
from ledger.models import Entry
from ledger.services import debts
from redemption.services import wallets
from tests.billing import creem_said, paying, refund_rivals
from tests.billing.coming_out_even import assert_books_verify, assert_comes_out_even
from tests.billing.refund_rivals import handle, package, sold, spend
from tests.billing.shoppers import again, secret_of
from tests.billing.test_delivery_kills import FULL, moments
from tests.billing.test_refund_requests import bought, let_time_pass
from tests.factories.accounts import UserFactory
from tests.meeting import Act
from tests.sandbox.running_creem import RunningCreem

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE, PART = 1000, 400
SPREAD = 3
Sell = Callable[[], Order]


@pytest.fixture(autouse=True)
def _nothing_goes_to_the_broker(nudges: list[tuple[str, int]]) -> None:
    """Let tests hand out the work themselves."""


@pytest.fixture
def operator() -> User:
    return UserFactory.create(is_staff=True)


def in_a_wallet() -> Order:
    """Sell credit of which a third is spent, so that a refund leaves a debt."""
    order = sold(user=UserFactory.create())
    spend(order)
    return order


def as_a_key() -> Order:
    return sold()


def as_a_code() -> Order:
    return sold("code")


def as_a_redeemed_code() -> Order:
    order = sold("code")
    redeemer, address = customers.of_user(UserFactory.create()), f"2001:db8::{next(refund_rivals.numbers):x}"
    wallets.redeem(typed_code=secret_of(order), customer=redeemer, address=address)
    return order


def not_delivered_yet() -> Order:
    return paying.paid(package())


DELIVERED = [in_a_wallet, as_a_key, as_a_code, as_a_redeemed_code]
DISPUTED = DELIVERED if FULL else [in_a_wallet, as_a_redeemed_code]
SALES = [*DELIVERED, not_delivered_yet]
PARTS = [in_a_wallet, as_a_code, not_delivered_yet]
of_any_sale = pytest.mark.parametrize("sell", SALES, ids=lambda sell: sell.__name__)
of_each_size = pytest.mark.parametrize(
    ("sell", "cents"), [*((sell, WHOLE) for sell in SALES), *((sell, PART) for sell in PARTS)]
)


def sweep() -> None:
    """Let the time of every next try come, and do what the sweeps find."""
    past = timezone.now() - timedelta(seconds=1)
    InboxEvent.objects.filter(handled_at=None).update(handle_at=past)
    for event in InboxEvent.objects.waiting():
        tasks.handle_event(event.pk)
    Order.objects.filter(deliver_at__isnull=False).update(deliver_at=past)
    for order_pk in delivery.due():
        delivery.deliver(order_pk)
    debts.pay_all()


def assert_refunded_once(order: Order, cents: int, *, kind: Refund.Kind = Refund.Kind.REFUND) -> Refund:
    """Assert that the order has one refund of that much, which was taken and told of once."""
    [refund] = Refund.objects.filter(order=order)
    assert (refund.kind, refund.amount_cents) == (kind, cents)
    assert OrderMail.objects.filter(order=order, kind=kind).count() == 1
    assert order.steps.filter(kind=OrderStep.Kind.REFUND_MADE).count() == 1
    spent = Entry.objects.filter(reference=f"spent:{order.pk}").exists()
    assert_comes_out_even(order, spent=order.credit_nano_usd // 3 if spent else 0)
    return refund


@of_each_size
def test_an_operators_refund_is_all_there_or_not_at_all(operator: User, sell: Sell, cents: int) -> None:
    def by_operator(order: Order) -> Act:
        return lambda: begin(order, cents, operator)

    for order, _moment in moments(by_operator, sell, spread=SPREAD):
        if not Refund.objects.filter(order=order).exists():
            assert again(order).payment.refunded_cents == 0
            begin(order, cents, operator)
        sweep()

        assert_refunded_once(order, cents)
    assert_books_verify()


def begin(order: Order, cents: int, operator: User) -> Refund:
    return refunds.refund(order, cents, origin=Refund.Origin.OPERATOR, reason="", made_by=operator)


@of_any_sale
def test_a_refund_that_is_given_up_gives_back_once(operator: User, sell: Sell) -> None:
    def begun() -> Order:
        order = sell()
        begin(order, WHOLE, operator)
        return order

    def by_giving_up(order: Order) -> Act:
        return lambda: refunds.give_up(Refund.objects.get(order=order), why="it came back")

    for order, _moment in moments(by_giving_up, begun, spread=SPREAD):
        refund = Refund.objects.get(order=order)
        if refund.state != Refund.State.FAILED:
            refunds.give_up(refund, why="it came back")
        sweep()

        spent = Entry.objects.filter(reference=f"spent:{order.pk}").exists()
        assert_comes_out_even(order, spent=order.credit_nano_usd // 3 if spent else 0)
        assert again(order).state == Order.State.DELIVERED
    assert_books_verify()


@pytest.mark.parametrize(
    ("sell", "template", "kind"),
    [
        *((sell, creem_said.REFUND, Refund.Kind.REFUND) for sell in DELIVERED),
        *((sell, creem_said.DISPUTE, Refund.Kind.DISPUTE) for sell in DISPUTED),
    ],
)
def test_what_a_provider_tells_is_taken_back_once(
    sell: Sell, template: dict[str, Any], kind: Refund.Kind
) -> None:
    def by_event(order: Order) -> Act:
        return handle(creem_said.taken_back(template, order.reference, tag=order.reference))

    for order, _moment in moments(by_event, sell, spread=SPREAD):
        sweep()

        assert assert_refunded_once(order, WHOLE, kind=kind).state == Refund.State.DONE
        assert Review.objects.filter(order=order).count() == 1
    assert_books_verify()


def test_an_event_that_ends_an_operators_refund_takes_nothing_more(operator: User) -> None:
    def begun() -> Order:
        order = in_a_wallet()
        begin(order, WHOLE, operator)
        return order

    def by_event(order: Order) -> Act:
        return handle(creem_said.taken_back(creem_said.REFUND, order.reference, tag=order.reference))

    for order, _moment in moments(by_event, begun, spread=SPREAD):
        sweep()

        refund = assert_refunded_once(order, WHOLE)
        assert (refund.origin, refund.state) == (Refund.Origin.OPERATOR, Refund.State.DONE)
    assert not Review.objects.exists()
    assert_books_verify()


def test_a_worker_that_dies_while_it_asks_the_provider_has_it_refund_once(
    creem: RunningCreem, operator: User
) -> None:
    def begun() -> Order:
        order = bought(creem, package())
        begin(order, WHOLE, operator)
        return order

    for order, _moment in moments(by_asking, begun, spread=SPREAD):
        for _time in range(3):
            let_time_pass()
            by_asking(order)()
        sweep()

        assert assert_refunded_once(order, WHOLE).state == Refund.State.DONE
        assert times_asked_for(creem, order) == 1
    assert_books_verify()


def by_asking(order: Order) -> Act:
    def ask() -> None:
        wiring.creem.cache_clear()  # a connection must not have two owners
        refund_requests.ask(Refund.objects.get(order=order).pk)

    return ask


def times_asked_for(creem: RunningCreem, order: Order) -> int:
    asked = [each["body"] for each in creem.traffic() if each["path"].endswith("/v1/refunds")]
    return len([body for body in asked if order.payment.transaction_id in body])
