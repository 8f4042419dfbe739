"""Every notification of NowPayments that is on record, posted to the real view and confirmed by asking."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import Deposit, InboxEvent, Order, Review
from tests.billing.coin_shop import CoinShop, tell
from tests.billing.providers.nowpayments.on_record import fixture, names, signed, wire
from tests.factories.accounts import UserFactory
from tests.sandbox.running_nowpayments import IPN_SECRET

pytestmark = pytest.mark.django_db(transaction=True)

State, Use, Reason, Outcome = Order.State, Deposit.Use, Review.Reason, InboxEvent.Outcome

LEAST_CENTS = 100  # that an order costs

NO_REVIEW: list[str] = []
# What becomes of an order that only this was told of, and of the coins that it tells of.
ALONE: dict[str, tuple[str, str, list[str]]] = {
    "ipn.1-waiting.constructed": (State.CREATED, Use.WAITED_FOR, NO_REVIEW),
    "ipn.2-confirming.constructed": (State.CREATED, Use.WAITED_FOR, NO_REVIEW),
    "ipn.3-confirmed.constructed": (State.CREATED, Use.WAITED_FOR, NO_REVIEW),
    "ipn.4-sending.constructed": (State.CREATED, Use.WAITED_FOR, NO_REVIEW),
    "ipn.5-finished.constructed": (State.DELIVERED, Use.PAID, NO_REVIEW),
    "ipn.confirming.invoice.captured": (State.CREATED, Use.WAITED_FOR, NO_REVIEW),
    "ipn.expired.constructed": (State.CREATED, Use.EMPTY, NO_REVIEW),
    "ipn.failed-below-minimum.constructed": (State.CREATED, Use.REVIEW, [Reason.COINS_UNCLEAR]),
    "ipn.finished.memo-coin.third-party-test": (State.DELIVERED, Use.PAID, NO_REVIEW),
    "ipn.finished.payment-api.captured": (State.DELIVERED, Use.PAID, NO_REVIEW),
    "ipn.late-finished-after-expired.constructed": (State.DELIVERED, Use.PAID, NO_REVIEW),
    "ipn.partially_paid.constructed": (State.PENDING, Use.HELD, NO_REVIEW),
    "ipn.repeat-deposit-finished.constructed": (State.PENDING, Use.HELD, NO_REVIEW),
    "ipn.repeat-deposit-tiny-fee.constructed": (State.CREATED, Use.REVIEW, [Reason.COINS_UNCLEAR]),
    "ipn.waiting.docs-2021": (State.CREATED, Use.WAITED_FOR, NO_REVIEW),
    "ipn.wrong-asset-finished.constructed": (State.PENDING, Use.HELD, NO_REVIEW),
}
OF_NO_PAYMENT = ["ipn.non-payment.custodial-recurring.docs", "ipn.non-payment.withdrawal.docs"]
OF_NO_ORDER = ["ipn.finished.repeated-deposit.docs"]
IN_TURN = ["ipn.refunded.constructed"]


@pytest.fixture(autouse=True)
def _nothing_goes_to_the_broker(nudges: list[tuple[str, int]]) -> None:
    """Let tests hand out the work themselves."""


def hear(coins: CoinShop, name: str) -> None:
    """Have NowPayments tell what is on record, byte for byte, and know the payment when it is asked."""
    body = wire(name)
    if "payment_id" in fixture(name):
        coins.running.keep(body)
    assert tell(body, signed(body, IPN_SECRET)["x-nowpayments-sig"]) == 200
    coins.work()


def order_of(coins: CoinShop, name: str) -> Order:
    """Place the order that is paid, under the name that is told; or else it is known by its payment."""
    said, longest = fixture(name), Order._meta.get_field("reference").max_length
    named = said["order_id"] if len(said["order_id"]) <= (longest or 0) else None
    cents = max(round(said["price_amount"] * 100), LEAST_CENTS)
    order = coins.order(price_cents=cents, reference=named, user=UserFactory.create())
    Order.objects.filter(pk=order.pk).update(checkout_id=str(said["payment_id"]))
    return order


def test_each_notification_on_record_has_its_test() -> None:
    assert sorted([*ALONE, *OF_NO_PAYMENT, *OF_NO_ORDER, *IN_TURN]) == names("ipn.")


@pytest.mark.parametrize("name", ALONE)
def test_a_notification_comes_to_what_it_tells(coins: CoinShop, name: str) -> None:
    state, use, reviews = ALONE[name]
    order = order_of(coins, name)

    hear(coins, name)
    hear(coins, name)

    order.refresh_from_db()
    assert (order.state, order.deposits.get().use) == (state, use)
    assert list(Review.objects.values_list("reason", flat=True)) == reviews
    assert InboxEvent.objects.get().handled_at is not None


@pytest.mark.parametrize("name", OF_NO_PAYMENT)
def test_what_is_about_no_payment_is_kept(coins: CoinShop, name: str) -> None:
    hear(coins, name)

    assert (InboxEvent.objects.get().outcome, Review.objects.count()) == (Outcome.KEPT, 0)


@pytest.mark.parametrize("name", OF_NO_ORDER)
def test_coins_that_name_no_order_go_to_a_person_after_a_day(coins: CoinShop, name: str) -> None:
    hear(coins, name)
    InboxEvent.objects.update(received_at=timezone.now() - timedelta(days=2))

    coins.work()

    assert Review.objects.get().reason == Reason.UNKNOWN_ORDER


def test_an_expired_payment_that_is_finished_later_pays(coins: CoinShop) -> None:
    order = order_of(coins, "ipn.expired.constructed")

    hear(coins, "ipn.1-waiting.constructed")
    hear(coins, "ipn.expired.constructed")
    hear(coins, "ipn.late-finished-after-expired.constructed")

    order.refresh_from_db()
    assert (order.state, order.deposits.get().use) == (State.DELIVERED, Use.PAID)


def test_a_payment_that_is_sent_back_afterwards_goes_to_a_person(coins: CoinShop) -> None:
    order_of(coins, "ipn.5-finished.constructed")

    hear(coins, "ipn.5-finished.constructed")
    hear(coins, "ipn.refunded.constructed")

    assert Review.objects.get().reason == Reason.TAKEN_BACK


@pytest.mark.parametrize(
    ("name", "worth"),
    [("ipn.repeat-deposit-finished.constructed", "4.98"), ("ipn.wrong-asset-finished.constructed", "19.97")],
)
def test_what_comes_after_the_whole_price_is_credited_beside_it(
    coins: CoinShop, name: str, worth: str
) -> None:
    order = order_of(coins, name)
    hear(coins, "ipn.5-finished.constructed")

    hear(coins, name)

    spare = order.deposits.exclude(parent_payment_id="").get()
    assert (spare.use, f"{spare.worth:.2f}") == (Use.CREDITED, worth)
    assert not Review.objects.exists()
