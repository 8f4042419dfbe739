"""A payment that fits its order is recorded once; whatever does not fit credits nothing and waits."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from billing.models import InboxEvent, Order, OrderMail, OrderStep, Payment, Review
from billing.providers.facts import (
    Mode,
    PaymentSucceeded,
    Refunded,
    RefundState,
    SubscriptionChanged,
    Unknown,
)
from billing.services import payments
from billing.services.outcomes import Applied
from tests.billing import creem_said
from tests.factories import billing as make
from tests.together import together

Outcome = InboxEvent.Outcome
Reason = Review.Reason


def fact_of(order: Order, **changes: Any) -> PaymentSucceeded:
    """Return the payment that fits ``order``, but for ``changes``."""
    fitting = PaymentSucceeded(
        provider=order.provider,
        mode=Mode(order.mode),
        reference=order.reference,
        customer_id="cust_1",
        transaction_id="tran_1",
        checkout_id="ch_1",
        provider_order_id="ord_1",
        product_id=order.product_id,
        units=order.units,
        currency=order.currency,
        amount_cents=order.price_cents,
        tax_cents=210,
        paid_cents=1210,
        email="payer@example.com",
    )
    return replace(fitting, **changes)


def again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


@pytest.mark.django_db
def test_a_payment_that_fits_makes_its_order_paid_and_promises_a_mail() -> None:
    order = creem_said.with_page(make.order())

    applied = payments.apply(fact_of(order))

    order, payment = again(order), Payment.objects.get()
    assert applied == Applied(Outcome.APPLIED, order)
    assert (order.state, order.provider_order_id, order.ask_at) == (Order.State.PAID, "ord_1", None)
    assert order.deliver_at == order.paid_at is not None
    assert (payment.order, payment.transaction_id, payment.customer_id) == (order, "tran_1", "cust_1")
    assert (payment.amount_cents, payment.tax_cents, payment.paid_cents) == (1000, 210, 1210)
    assert (payment.currency, payment.email) == ("USD", "payer@example.com")
    assert OrderMail.objects.get().kind == OrderMail.Kind.RECEIVED
    assert order.steps.latest("pk").kind == OrderStep.Kind.PAID


@pytest.mark.django_db
def test_the_same_payment_told_again_is_nothing_new() -> None:
    order = make.order()
    payments.apply(fact_of(order))
    before = again(order)

    applied = payments.apply(fact_of(order, happened_at=before.paid_at))

    assert applied == Applied(Outcome.NOTHING_NEW, order)
    assert (Payment.objects.count(), Review.objects.count(), OrderMail.objects.count()) == (1, 0, 1)
    assert again(order).paid_at == before.paid_at


WRONG: list[tuple[Review.Reason, dict[str, Any]]] = [
    (Reason.WRONG_PROVIDER, {"provider": "somebody"}),
    (Reason.WRONG_MODE, {"mode": Mode.LIVE}),
    (Reason.WRONG_MODE, {"mode": Mode.UNKNOWN}),
    (Reason.WRONG_PRODUCT, {"product_id": "prod_mini"}),
    (Reason.WRONG_UNITS, {"units": 2}),
    (Reason.WRONG_UNITS, {"units": 0}),
    (Reason.WRONG_CURRENCY, {"currency": "EUR"}),
    (Reason.WRONG_AMOUNT, {"amount_cents": 999}),
    (Reason.WRONG_AMOUNT, {"amount_cents": 1001}),
    (Reason.WRONG_AMOUNT, {"amount_cents": 0}),
    (Reason.UNREADABLE, {"transaction_id": "t" * 121}),
    (Reason.UNREADABLE, {"provider_order_id": "o" * 101}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("reason", "change"), WRONG)
def test_a_payment_that_does_not_fit_credits_nothing(reason: Review.Reason, change: dict[str, Any]) -> None:
    order = creem_said.with_page(make.order())

    applied = payments.apply(fact_of(order, **change))

    assert applied == Applied(Outcome.REVIEW, order)
    assert Review.objects.get().reason == reason
    assert (again(order).state, again(order).ask_at) == (Order.State.PENDING, order.ask_at)
    assert (Payment.objects.count(), OrderMail.objects.count()) == (0, 0)
    assert order.steps.latest("pk").kind == OrderStep.Kind.TO_REVIEW


@pytest.mark.django_db
@pytest.mark.parametrize(("reason", "change"), WRONG)
def test_what_does_not_fit_is_reviewed_also_after_the_order_was_paid(
    reason: Review.Reason, change: dict[str, Any]
) -> None:
    order = make.order()
    payments.apply(fact_of(order))

    payments.apply(fact_of(order, **change))

    assert Review.objects.get().reason == reason
    assert again(order).state == Order.State.PAID


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"paid_cents": 1}, {"tax_cents": None}, {"discount_cents": 5}, {"email": None}]
)
def test_what_the_buyer_paid_in_the_end_is_not_compared(change: dict[str, Any]) -> None:
    order = make.order()

    assert payments.apply(fact_of(order, **change)).outcome is Outcome.APPLIED


@pytest.mark.django_db
def test_figures_beyond_all_reason_do_not_refuse_a_sale() -> None:
    order = make.order()

    payments.apply(fact_of(order, paid_cents=10**15, tax_cents=2**31, email="e" * 300, customer_id="c" * 255))

    payment = Payment.objects.get()
    assert (payment.paid_cents, payment.tax_cents) == (None, None)
    assert (len(payment.email), len(payment.customer_id)) == (254, 80)


@pytest.mark.django_db
def test_another_payment_of_a_paid_order_is_reviewed() -> None:
    order = make.order()
    payments.apply(fact_of(order))

    applied = payments.apply(fact_of(order, transaction_id="tran_2"))

    assert applied.outcome is Outcome.REVIEW
    assert (Review.objects.get().reason, Review.objects.get().subject) == (Reason.PAID_TWICE, "creem tran_2")
    assert Payment.objects.get().transaction_id == "tran_1"


@pytest.mark.django_db
def test_a_transaction_that_paid_one_order_pays_no_other() -> None:
    package = make.package()
    first, second = make.order(package), make.order(package)
    payments.apply(fact_of(first))

    applied = payments.apply(fact_of(second))

    assert applied == Applied(Outcome.REVIEW, second)
    assert Review.objects.get().reason == Reason.PAID_TWICE
    assert again(second).state == Order.State.CREATED


@pytest.mark.django_db
@pytest.mark.parametrize("reference", [None, "somebody else's"])
def test_an_order_is_found_by_its_checkout_when_the_reference_is_lost(reference: str | None) -> None:
    order = creem_said.with_page(make.order())

    applied = payments.apply(fact_of(order, reference=reference))

    assert applied == Applied(Outcome.APPLIED, order)


@pytest.mark.django_db
def test_a_payment_of_an_unknown_order_comes_to_nothing_yet() -> None:
    applied = payments.apply(fact_of(make.order(), reference="nobody"))

    assert applied == Applied(None, None)
    assert Review.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("state", [Order.State.EXPIRED, Order.State.FAILED, Order.State.CREATED])
def test_an_order_that_was_given_up_is_paid_all_the_same(state: Order.State) -> None:
    order = make.order()
    Order.objects.update(state=state)

    payments.apply(fact_of(order))

    assert again(order).state == Order.State.PAID


def taken_back(order: Order, **changes: Any) -> Refunded:
    return Refunded(
        **{
            "provider": "creem",
            "mode": Mode.TEST,
            "reference": order.reference,
            "transaction_id": "tran_1",
            "currency": "USD",
            "amount_cents": 1000,
            "refund_id": "ref_1",
            "state": RefundState.SUCCEEDED,
            **changes,
        }
    )


@pytest.mark.django_db
def test_a_payment_told_again_after_its_refund_credits_nothing() -> None:
    order = make.order()
    payments.apply(fact_of(order))
    payments.apply(taken_back(order))

    assert payments.apply(fact_of(order)).outcome is Outcome.NOTHING_NEW


def changed(reference: str | None) -> SubscriptionChanged:
    return SubscriptionChanged(
        provider="creem",
        mode=Mode.TEST,
        reference=reference,
        subscription_id="sub_1",
        change="paid",
        status="",
    )


@pytest.mark.django_db
def test_what_is_told_of_subscriptions_is_kept() -> None:
    assert payments.apply(changed(None)) == Applied(Outcome.KEPT, None)


@pytest.mark.django_db
def test_a_subscription_that_names_an_unknown_order_comes_to_nothing_yet() -> None:
    assert payments.apply(changed("ord_later")) == Applied(None, None)


@pytest.mark.django_db
def test_a_subscription_that_took_the_money_of_a_package_is_reviewed() -> None:
    order = make.order()

    payments.apply(changed(order.reference))

    assert (Review.objects.get().reason, Review.objects.get().order) == (Reason.WRONG_PRODUCT, order)


@pytest.mark.django_db
def test_what_nobody_has_heard_of_is_kept_with_its_order() -> None:
    order = make.order()
    unknown = Unknown(provider="creem", mode=Mode.TEST, reference=order.reference, why="news")

    assert payments.apply(unknown) == Applied(Outcome.KEPT, order)


@pytest.mark.django_db
def test_what_says_too_little_is_reviewed() -> None:
    order = make.order()
    unknown = Unknown(
        provider="creem", mode=Mode.TEST, reference=order.reference, why="no units", is_incomplete=True
    )

    payments.apply(unknown)
    payments.apply(unknown)

    assert (Review.objects.get().reason, Review.objects.get().detail) == (Reason.UNREADABLE, "no units")


@pytest.mark.django_db(transaction=True)
def test_many_who_tell_one_payment_at_once_record_it_once() -> None:
    order = make.order()

    results = together(16, lambda _: payments.apply(fact_of(order)).outcome)

    assert sorted(map(str, results)) == sorted([Outcome.APPLIED, *[Outcome.NOTHING_NEW] * 15])
    assert (Payment.objects.count(), OrderMail.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_payments_of_one_order_at_once_one_pays_it() -> None:
    order = make.order()

    results = together(16, lambda number: payments.apply(fact_of(order, transaction_id=f"t{number}")).outcome)

    assert sorted(map(str, results)) == sorted([Outcome.APPLIED, *[Outcome.REVIEW] * 15])
    assert Review.objects.filter(reason=Reason.PAID_TWICE).count() == 15


def in_another_thread(act: Callable[[], object]) -> tuple[threading.Thread, list[Exception]]:
    errors: list[Exception] = []

    def run() -> None:
        try:
            act()
        except DatabaseError as error:
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def wait_until_one_waits_for_a_lock_or_has_ended(thread: threading.Thread) -> None:
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    with connection.cursor() as cursor:
        is_waiting = False
        while thread.is_alive() and not is_waiting:
            cursor.execute(waits)
            [is_waiting] = cursor.fetchone()


@pytest.mark.django_db(transaction=True)
def test_the_database_lets_one_transaction_pay_one_order_whoever_is_quicker() -> None:
    package = make.package()
    first, second = make.order(package), make.order(package)
    with transaction.atomic():
        payments.apply(fact_of(first))
        thread, errors = in_another_thread(lambda: payments.apply(fact_of(second)))
        wait_until_one_waits_for_a_lock_or_has_ended(thread)

    thread.join()

    assert [type(error) for error in errors] == [IntegrityError]
    assert Payment.objects.get().order == first
    assert again(second).state == Order.State.CREATED
