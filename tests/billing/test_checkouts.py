"""A checkout is opened after its order is committed, once; and asked about until its fate is known."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.db import transaction
from django.utils import timezone

from billing import tasks
from billing.errors import CheckoutUnavailable
from billing.models import Order, OrderStep, Payment, Review
from billing.providers.facts import Mode, Unknown
from billing.providers.protocol import CheckoutState, CheckoutStatus
from billing.services import checkouts, payments, wiring
from tests.billing import creem_said
from tests.factories import billing as make
from tests.sandbox.running_creem import RunningCreem
from tests.together import together

State = Order.State
Step = OrderStep.Kind

FAULTS: list[dict[str, Any]] = [
    {"mode": "fail", "status": 500},
    {"mode": "fail", "status": 429, "retry_after": "3600"},
    {"mode": "fail", "status": 400},
    {"mode": "fail", "status": 403},
    {"mode": "garbage"},
    {"mode": "truncate"},
    {"mode": "reset"},
    {"mode": "stall", "seconds": 2},
    {"mode": "drip", "seconds": 0.05},
    {"mode": "fail", "status": 502, "after_work": True},
]
WORDS = [f"{fault['mode']} {fault.get('status', '')}".strip() for fault in FAULTS]


def opened(*, age: timedelta = timedelta(0)) -> Order:
    """Return an order of that age whose page is open at the sandbox, and that is to be asked about now."""
    order = make.order()
    checkouts.open_page(order)
    Order.objects.update(created_at=timezone.now() - age, ask_at=timezone.now())
    return again(order)


def again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def kinds(order: Order) -> list[str]:
    return list(order.steps.values_list("kind", flat=True))


def pay(creem: RunningCreem, order: Order) -> None:
    assert creem.control(f"/checkouts/{order.checkout_id}/pay", {"email": "payer@example.com"}).ok


@pytest.mark.django_db
def test_a_page_is_opened_for_what_was_sold(creem: RunningCreem) -> None:
    order = make.order()

    url = checkouts.open_page(order)

    order = again(order)
    there = creem.get_checkout(order.checkout_id)
    assert (order.state, order.checkout_url) == (State.PENDING, url)
    assert (there["product"], there["units"], there["request_id"]) == ("prod_standard", 1, order.reference)
    assert there["success_url"] == f"{site.PUBLIC_URL}/orders/{order.reference}"
    assert order.ask_at is not None
    assert timedelta(minutes=1) < order.ask_at - timezone.now() <= timedelta(minutes=2)
    assert kinds(order) == [Step.CREATED, Step.CHECKOUT_OPENED]


@pytest.mark.django_db
def test_an_order_has_one_page_however_often_it_is_opened(creem: RunningCreem) -> None:
    order = make.order()
    seen = len(creem.traffic())

    urls = {checkouts.open_page(order) for _ in range(3)}

    assert len(urls) == 1
    assert len(creem.traffic()) == seen + 1


@pytest.mark.django_db(transaction=True)
def test_two_who_open_the_page_at_once_are_sent_to_one(creem: RunningCreem) -> None:
    order = make.order()

    urls = together(4, lambda _: checkouts.open_page(order))

    assert urls == [again(order).checkout_url] * 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "ask", [lambda order: checkouts.open_page(order), lambda order: checkouts.ask(order.pk)]
)
def test_a_provider_is_never_asked_inside_a_transaction(creem: RunningCreem, ask: Any) -> None:
    order = make.order()
    seen = len(creem.traffic())
    Order.objects.update(checkout_id="ch_1")

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        ask(order)

    assert len(creem.traffic()) == seen


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_provider_keeps_no_connection_to_the_database(creem: RunningCreem) -> None:
    order = make.order()
    assert transaction.get_connection().connection is not None

    wiring.leave_the_database()

    assert transaction.get_connection().connection is None
    assert checkouts.open_page(order)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS, ids=WORDS)
def test_an_order_whose_page_could_not_be_opened_can_be_tried_again(
    creem: RunningCreem, fault: dict[str, Any]
) -> None:
    order = make.order()
    creem.fail(**fault)

    with pytest.raises(CheckoutUnavailable):
        checkouts.open_page(order)

    assert (again(order).state, kinds(order)[-1]) == (State.FAILED, Step.CHECKOUT_FAILED)
    creem.fail()
    assert checkouts.open_page(order) == again(order).checkout_url
    assert again(order).state == State.PENDING


@pytest.mark.django_db
def test_a_product_that_is_not_there_is_refused(creem: RunningCreem) -> None:
    order = make.order(make.package(product_id="prod_nowhere"))

    with pytest.raises(CheckoutUnavailable):
        checkouts.open_page(order)

    step = order.steps.latest("pk")
    assert (step.kind, step.detail) == (Step.CHECKOUT_FAILED, "NotKnownThere, status 404")


@pytest.mark.django_db
def test_an_address_that_fits_nowhere_is_no_page(
    creem: RunningCreem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkouts, "_LONGEST_URL", 10)
    order = make.order()

    with pytest.raises(CheckoutUnavailable):
        checkouts.open_page(order)

    assert again(order).state == State.FAILED


@pytest.mark.django_db
def test_an_order_that_was_paid_meanwhile_stays_paid_when_its_page_is_recorded(
    creem: RunningCreem, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make.order()
    store = wiring.creem()
    opening = store.create_checkout

    def paid_first(request: Any) -> Any:
        event = creem_said.completed(order.reference)
        settle(event)
        return opening(request)

    monkeypatch.setattr(store, "create_checkout", paid_first)

    url = checkouts.open_page(order)

    order = again(order)
    assert (order.state, order.checkout_url, order.ask_at) == (State.PAID, url, None)


@pytest.mark.django_db
def test_a_paid_order_gets_no_new_page(creem: RunningCreem) -> None:
    order = make.order()
    settle(creem_said.completed(order.reference))
    seen = len(creem.traffic())

    url = checkouts.open_page(order)

    assert url == f"{site.PUBLIC_URL}/orders/{order.reference}"
    assert len(creem.traffic()) == seen


def settle(body: bytes) -> None:
    payments.apply(wiring.creem().read_fact(body))


@pytest.mark.django_db
def test_a_paid_checkout_makes_its_order_paid(creem: RunningCreem) -> None:
    order = opened()
    pay(creem, order)

    asked = checkouts.ask(order.pk)

    payment = Payment.objects.get()
    assert (asked.state, asked.ask_at) == (State.PAID, None)
    assert (payment.order, payment.amount_cents, payment.email) == (order, 1000, "payer@example.com")
    assert kinds(order)[-2:] == [Step.PAID, Step.ASKED]


@pytest.mark.django_db
def test_a_paid_order_is_not_asked_about(creem: RunningCreem) -> None:
    order = opened()
    pay(creem, order)
    checkouts.ask(order.pk)
    seen = len(creem.traffic())

    checkouts.ask(order.pk)

    assert len(creem.traffic()) == seen


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(minutes=1), timedelta(minutes=2)),
        (timedelta(minutes=119), timedelta(minutes=2)),
        (timedelta(minutes=121), timedelta(minutes=30)),
        (timedelta(hours=47), timedelta(minutes=30)),
        (timedelta(hours=49), timedelta(days=1)),
        (timedelta(days=29), timedelta(days=1)),
    ],
)
def test_an_open_checkout_is_asked_about_the_rarer_the_older(
    creem: RunningCreem, age: timedelta, pause: timedelta
) -> None:
    order = opened(age=age)

    assert checkouts.take_due() == order.pk
    taken = again(order).ask_at
    asked = checkouts.ask(order.pk).ask_at

    assert taken is not None
    assert asked is not None
    assert pause - timedelta(seconds=10) < taken - timezone.now() <= pause
    assert timedelta(0) <= asked - taken < timedelta(seconds=10)


@pytest.mark.django_db
def test_an_order_that_was_never_paid_expires_after_thirty_days(creem: RunningCreem) -> None:
    order = opened(age=timedelta(days=30, minutes=1))

    tasks.ask_open_orders()

    assert (again(order).state, again(order).ask_at) == (State.EXPIRED, None)
    assert kinds(order)[-1] == Step.CHECKOUT_EXPIRED


@pytest.mark.django_db
def test_an_order_expires_with_its_checkout(creem: RunningCreem) -> None:
    order = opened()
    assert creem.control(f"/checkouts/{order.checkout_id}/expire").ok

    checkouts.ask(order.pk)
    checkouts.ask(order.pk)

    assert (again(order).state, again(order).ask_at) == (State.EXPIRED, None)
    assert kinds(order).count(Step.CHECKOUT_EXPIRED) == 1


@pytest.mark.django_db
def test_a_completed_checkout_that_tells_nothing_is_asked_again(
    creem: RunningCreem, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = opened()
    nothing = CheckoutState(id=order.checkout_id, status=CheckoutStatus.COMPLETED, fact=None)
    monkeypatch.setattr(wiring.creem(), "get_checkout", lambda _: nothing)

    tasks.ask_open_orders()

    assert again(order).state == State.PENDING
    assert again(order).ask_at is not None


@pytest.mark.django_db
def test_an_answer_that_says_too_little_is_reviewed_with_the_order_that_was_asked_about(
    creem: RunningCreem, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = opened()
    unknown = Unknown(provider="creem", mode=Mode.TEST, why="no order.transaction", is_incomplete=True)
    answer = CheckoutState(id=order.checkout_id, status=CheckoutStatus.COMPLETED, fact=unknown)
    monkeypatch.setattr(wiring.creem(), "get_checkout", lambda _: answer)

    checkouts.ask(order.pk)

    review = Review.objects.get()
    assert (review.reason, review.order) == (Review.Reason.UNREADABLE, order)
    assert order.reference in review.subject


@pytest.mark.django_db
def test_an_expired_order_may_still_be_paid(creem: RunningCreem) -> None:
    order = opened(age=timedelta(days=31))
    checkouts.ask(order.pk)
    pay(creem, order)

    assert checkouts.ask(order.pk).state == State.PAID


@pytest.mark.django_db
def test_what_a_person_has_to_decide_is_not_asked_again(creem: RunningCreem) -> None:
    order = opened()
    Order.objects.update(price_cents=999)
    pay(creem, order)

    checkouts.ask(order.pk)

    assert (again(order).state, again(order).ask_at) == (State.PENDING, None)
    assert Review.objects.get().reason == Review.Reason.WRONG_AMOUNT


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS, ids=WORDS)
def test_a_provider_that_fails_loses_no_order(creem: RunningCreem, fault: dict[str, Any]) -> None:
    order = opened()
    pay(creem, order)
    creem.fail(**fault)

    tasks.ask_open_orders()

    assert (again(order).state, Payment.objects.count()) == (State.PENDING, 0)
    assert again(order).ask_at is not None
    creem.fail()
    assert checkouts.ask(order.pk).state == State.PAID


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS, ids=WORDS)
def test_a_fault_at_one_order_does_not_keep_the_sweep_from_the_others(
    creem: RunningCreem, nudges: list[tuple[str, int]], fault: dict[str, Any]
) -> None:
    package = make.package()
    first, second = make.order(package), make.order(package)
    for order in (first, second):
        checkouts.open_page(order)
        pay(creem, again(order))
    Order.objects.update(ask_at=timezone.now())
    # As often as one order is asked about at once.
    creem.fail(**fault, times=3 if fault.get("status", 500) >= 500 else 1)

    tasks.ask_open_orders()

    states = Order.objects.order_by("pk").values_list("state", flat=True)
    assert sorted(states) == [State.PAID, State.PENDING]
    assert [name for name, _ in nudges] == ["billing.tasks.deliver_order"]


@pytest.mark.django_db
def test_a_sweep_does_not_ask_for_longer_than_its_time(
    creem: RunningCreem, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = opened()
    monkeypatch.setattr(tasks, "ASKING_SECONDS", 0)

    tasks.ask_open_orders()

    assert again(order).ask_at == order.ask_at


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_ask_about_each_order_once(
    creem: RunningCreem, nudges: list[tuple[str, int]]
) -> None:
    package = make.package()
    for _ in range(6):
        checkouts.open_page(make.order(package))
    Order.objects.update(ask_at=timezone.now())
    seen = len(creem.traffic())

    together(3, lambda _: tasks.ask_open_orders())

    assert len(creem.traffic()) == seen + 6


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_many_learn_of_at_once_is_recorded_once(
    creem: RunningCreem, nudges: list[tuple[str, int]]
) -> None:
    order = opened()
    pay(creem, order)

    states = together(8, lambda _: checkouts.ask(order.pk).state)

    assert states == [State.PAID] * 8
    assert Payment.objects.count() == 1
    assert Review.objects.count() == 0
    assert order.mails.count() == 1
