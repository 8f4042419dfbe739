"""Every recorded payment becomes the right fact, and no body whatever becomes an accident."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.providers import json_api
from billing.providers.facts import (
    CoinPayment,
    CoinState,
    Fact,
    Mode,
    PaymentSucceeded,
    Refunded,
    RefundState,
    Unknown,
)
from billing.providers.nowpayments import translation
from billing.providers.nowpayments.answers import read_payment
from tests.billing.providers.nowpayments.on_record import fixture, names, wire

FINISHED = "ipn.5-finished.constructed"
PAYMENTS = [name for name in names("ipn.") if "non-payment" not in name]


def told(name: str) -> Fact:
    return told_by(json_api.parse(wire(name)))


def told_by(entity: Any) -> Fact:
    payment = read_payment(entity)
    assert payment is not None
    return translation.of_payment(payment, mode=Mode.TEST)


def changed(**changes: Any) -> Fact:
    return told_by(json_api.parse(wire(FINISHED)) | changes)


def test_a_captured_payment_says_all_that_an_order_is_compared_with() -> None:
    assert told("ipn.finished.payment-api.captured") == PaymentSucceeded(
        provider="nowpayments",
        mode=Mode.TEST,
        reference="deposit_a7936ab3-8970-4d3b-8f79-d17aa8928b03_1765249230",
        customer_id=None,
        subscription_id=None,
        happened_at=datetime(2025, 12, 9, 3, 4, 21, 97000, tzinfo=UTC),
        transaction_id="5800567260",
        checkout_id="5800567260",
        provider_order_id="5172103429",
        product_id=None,
        units=None,
        currency="USD",
        amount_cents=2000,
        tax_cents=None,
        discount_cents=None,
        paid_cents=2000,
        email=None,
        coin="eth",
        asked=Decimal("0.00656612"),
        arrived=Decimal("0.00656612"),
    )


@pytest.mark.parametrize(
    ("name", "state", "arrived", "parent", "is_for_a_person"),
    [
        ("1-waiting.constructed", CoinState.WAITING, "0", None, False),
        ("2-confirming.constructed", CoinState.UNDER_WAY, "20.115", None, False),
        ("3-confirmed.constructed", CoinState.UNDER_WAY, "20.115", None, False),
        ("4-sending.constructed", CoinState.UNDER_WAY, "20.115", None, False),
        ("confirming.invoice.captured", CoinState.UNDER_WAY, "1.70073759", None, False),
        ("waiting.docs-2021", CoinState.WAITING, "0", None, False),
        ("expired.constructed", CoinState.EXPIRED, "0", None, False),
        ("failed-below-minimum.constructed", CoinState.FAILED, "0.5", None, True),
        ("partially_paid.constructed", CoinState.PARTLY_PAID, "10", None, True),
        ("repeat-deposit-finished.constructed", CoinState.FINISHED, "5", "5800567260", True),
        ("repeat-deposit-tiny-fee.constructed", CoinState.PARTLY_PAID, "1e-7", "5800567260", True),
        ("finished.repeated-deposit.docs", CoinState.FINISHED, "15", "987654321", True),
        ("wrong-asset-finished.constructed", CoinState.FINISHED, "20", "5800567260", True),
    ],
)
def test_a_payment_that_does_not_simply_pay_says_what_it_is(
    name: str, state: CoinState, arrived: str, parent: str | None, *, is_for_a_person: bool
) -> None:
    fact = told(f"ipn.{name}")

    assert isinstance(fact, CoinPayment)
    assert (fact.state, fact.arrived, fact.parent_id) == (state, Decimal(arrived), parent)
    assert fact.is_incomplete is is_for_a_person
    assert fact.transaction_id in fact.why


@pytest.mark.parametrize(
    ("name", "amount", "paid"),
    [
        ("ipn.5-finished.constructed", 2000, 2000),
        ("ipn.late-finished-after-expired.constructed", 2000, 2000),
        ("ipn.finished.memo-coin.third-party-test", 2500, 2500),
        ("api.payment.get.response.docs", 100, 101),
    ],
)
def test_a_finished_payment_with_all_its_coins_pays_its_price(name: str, amount: int, paid: int) -> None:
    fact = told(name)

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.amount_cents, fact.paid_cents, fact.currency) == (amount, paid, "USD")


def test_too_many_coins_are_worth_more_at_the_same_rate_rounded_down() -> None:
    fact = changed(actually_paid=Decimal("22.3333"))

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.amount_cents, fact.paid_cents) == (2000, 2220)


@pytest.mark.parametrize(
    "changes",
    [
        {"actually_paid": Decimal("20.1149999")},
        {"actually_paid": 0},
        {"actually_paid": None},
        {"pay_amount": 0},
        {"pay_amount": None},
        {"price_amount": None},
        {"price_amount": Decimal("20.001")},
        {"price_amount": 0},
        {"price_amount": 10**30},
        {"price_currency": "usdttrc20"},
        {"price_currency": None},
        {"parent_payment_id": 5800567259},
    ],
    ids=str,
)
def test_finished_is_not_enough_to_have_paid(changes: dict[str, Any]) -> None:
    fact = changed(**changes)

    assert isinstance(fact, CoinPayment)
    assert (fact.state, fact.is_incomplete) == (CoinState.FINISHED, True)


@pytest.mark.parametrize(
    "status", ["confirmed", "sending", "partially_paid", "failed", "expired", "brand new"]
)
def test_all_coins_are_not_enough_to_have_paid(status: str) -> None:
    assert isinstance(changed(payment_status=status), CoinPayment)


@pytest.mark.parametrize(
    ("status", "arrived", "is_for_a_person"),
    [
        ("expired", 0, False),
        ("expired", 1, True),
        ("failed", 0, False),
        ("failed", 1, True),
        ("cancelled", 0, False),
        ("canceled", 1, True),
        ("partially_paid", 0, True),
        ("refunded", 1, True),
        ("refunded", 0, True),
        ("waiting", 1, False),
        ("brand new", 1, False),
        (None, 1, False),
    ],
)
def test_money_that_moved_is_never_nothing(
    status: str | None, arrived: int, *, is_for_a_person: bool
) -> None:
    fact = changed(payment_status=status, actually_paid=arrived)

    assert isinstance(fact, CoinPayment)
    assert fact.is_incomplete is is_for_a_person


def test_a_payment_that_was_sent_back_is_a_refund_of_its_price() -> None:
    fact = told("ipn.refunded.constructed")

    assert isinstance(fact, Refunded)
    assert (fact.refund_id, fact.transaction_id) == ("5800567260:refunded", "5800567260")
    assert (fact.amount_cents, fact.currency, fact.state) == (2000, "USD", RefundState.SUCCEEDED)
    assert (fact.reference, fact.checkout_id) == ("local-order-0001", "4522625843")


def test_a_child_that_was_sent_back_is_no_refund_of_the_order() -> None:
    fact = changed(payment_status="refunded", parent_payment_id=7)

    assert isinstance(fact, CoinPayment)
    assert fact.is_incomplete


@pytest.mark.parametrize(
    ("stated", "worth"),
    [(0, None), (None, None), (Decimal("12.98513924"), "12.98513924"), ("12.9", "12.9"), (-1, None)],
)
def test_a_worth_of_nothing_says_nothing(stated: Any, worth: str | None) -> None:
    fact = changed(parent_payment_id=7, actually_paid_at_fiat=stated)

    assert isinstance(fact, CoinPayment)
    assert fact.worth == (Decimal(worth) if worth else None)


@pytest.mark.parametrize("name", PAYMENTS)
def test_every_recorded_payment_names_provider_mode_and_reference(name: str) -> None:
    fact = told(name)

    assert (fact.provider, fact.mode, fact.reference) == ("nowpayments", Mode.TEST, fixture(name)["order_id"])


def test_a_price_may_be_a_text() -> None:
    fact = changed(price_amount="20")

    assert isinstance(fact, PaymentSucceeded)
    assert fact.amount_cents == 2000


def test_whoever_has_no_rule_for_coins_sees_something_unknown() -> None:
    assert isinstance(told("ipn.partially_paid.constructed"), Unknown)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = [json_api.parse(wire(name)) for name in [*PAYMENTS, *names("api.payment.get")]]


@given(body=st.sampled_from(BODIES), choice=st.randoms(use_true_random=False), value=JSON)
def test_whatever_stands_in_place_of_a_part_a_fact_comes_of_it(body: Any, choice: Any, value: Any) -> None:
    spoilt = deepcopy(body)
    spoilt[choice.choice(list(spoilt))] = value

    payment = read_payment(spoilt)

    assert payment is None or repr(translation.of_payment(payment, mode=Mode.LIVE)).encode()
