"""Every recorded body becomes the right fact, and no body whatever becomes an accident."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.providers.creem import translation
from billing.providers.facts import (
    Disputed,
    Fact,
    Mode,
    PaymentSucceeded,
    Refunded,
    RefundState,
    Unknown,
)
from tests.billing.providers.conftest import hurried
from tests.billing.providers.recorded import fixture, names

ONE_TIME = "webhook.checkout.completed.onetime.captured"
PROVIDER = hurried("http://127.0.0.1:9")


def told(name: str) -> Fact:
    return translation.of_event(fixture(name))


def told_by(envelope: Any) -> Fact:
    return PROVIDER.read_fact(orjson.dumps(envelope))


@pytest.mark.parametrize("name", names("webhook."))
def test_every_recorded_webhook_is_understood(name: str) -> None:
    fact = PROVIDER.read_fact(orjson.dumps(fixture(name)))

    assert not isinstance(fact, Unknown)
    assert fact == told(name)
    assert fact.provider == "creem"
    assert fact.happened_at is not None
    assert fact.happened_at.year in range(2024, 2027)


def test_a_captured_payment_says_all_that_an_order_is_compared_with() -> None:
    assert told(ONE_TIME) == PaymentSucceeded(
        provider="creem",
        mode=Mode.TEST,
        reference="buyer@example.com_1762495797075",
        customer_id="cust_RHQC0NXPMtpqW1hcTFNAj",
        subscription_id=None,
        happened_at=datetime(2025, 11, 7, 6, 10, 36, 243000, tzinfo=UTC),
        transaction_id="tran_5AXJhtADOMI9m3LghKrHIQ",
        checkout_id="ch_5JbuQk9Jd65yDyQnKwufa0",
        provider_order_id="ord_5i4o2XEhelmrcWARPEvik0",
        product_id="prod_5EVAPTqzLC7CRKMLWffrCX",
        units=1,
        currency="USD",
        amount_cents=1000,
        tax_cents=0,
        discount_cents=None,
        paid_cents=1000,
        email="ui@example.com",
    )


def test_added_tax_is_paid_and_is_no_part_of_the_amount() -> None:
    fact = told("webhook.checkout.completed.onetime-exclusive-tax.constructed")

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.amount_cents, fact.tax_cents, fact.paid_cents) == (1000, 210, 1210)


@pytest.mark.parametrize(
    ("name", "amount", "state", "reason"),
    [
        ("onetime-full.constructed", 1000, RefundState.SUCCEEDED, "requested_by_customer"),
        ("onetime-partial.constructed", 400, RefundState.SUCCEEDED, "other"),
        ("onetime-pending.constructed", 1000, RefundState.PENDING, "requested_by_customer"),
    ],
)
def test_a_refund_names_the_payment_and_how_much_of_it(
    name: str, amount: int, state: RefundState, reason: str
) -> None:
    fact = told(f"webhook.refund.created.{name}")

    assert isinstance(fact, Refunded)
    assert (fact.amount_cents, fact.currency, fact.state, fact.reason) == (amount, "USD", state, reason)
    assert (fact.transaction_id, fact.paid_cents) == ("tran_5AXJhtADOMI9m3LghKrHIQ", 1000)
    assert (fact.checkout_id, fact.product_id) == (
        "ch_5JbuQk9Jd65yDyQnKwufa0",
        "prod_5EVAPTqzLC7CRKMLWffrCX",
    )
    assert (fact.reference, fact.mode) == ("buyer@example.com_1762495797075", Mode.TEST)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
        ("requiresAction", RefundState.PENDING),
        ("brand new", RefundState.PENDING),
        (None, RefundState.PENDING),
    ],
)
def test_a_refund_counts_only_when_it_succeeded(word: object, state: RefundState) -> None:
    envelope = fixture("webhook.refund.created.onetime-full.constructed")
    envelope["object"]["status"] = word

    fact = told_by(envelope)

    assert isinstance(fact, Refunded)
    assert fact.state is state


def test_a_refund_of_a_taxed_payment_gives_the_tax_back_too() -> None:
    fact = told("webhook.refund.created.docs")

    assert isinstance(fact, Refunded)
    assert (fact.amount_cents, fact.paid_cents, fact.currency) == (1210, 1210, "EUR")
    assert (fact.subscription_id, fact.reference) == ("sub_6pC2lNB6joCRQIZ1aMrTpi", "my-request-id")


def test_a_dispute_names_the_payment_and_how_much_of_it() -> None:
    fact = told("webhook.dispute.created.onetime.constructed")

    assert isinstance(fact, Disputed)
    assert (fact.dispute_id, fact.amount_cents, fact.currency) == ("disp_constructed_1", 1000, "USD")
    assert (fact.transaction_id, fact.units) == ("tran_5AXJhtADOMI9m3LghKrHIQ", None)


@pytest.mark.parametrize("kind", ["refund", "dispute"])
def test_what_took_money_back_is_read_from_the_barest_body(kind: str) -> None:
    fact = told(f"webhook.variant.{kind}.created.minimal")

    assert isinstance(fact, Refunded | Disputed)
    assert (fact.transaction_id, fact.amount_cents) == ("txn_safe", 600 if kind == "refund" else 1200)
    assert (fact.mode, fact.reference) == (Mode.UNKNOWN, None)
    assert fact.happened_at == datetime(2024, 3, 1, tzinfo=UTC)


def test_a_payment_is_read_wherever_ids_stand_for_objects_and_objects_for_ids() -> None:
    envelope = fixture(ONE_TIME)
    checkout, order = envelope["object"], envelope["object"]["order"]
    order["transaction"] = {"id": order["transaction"], "object": "transaction"}
    order["product"] = checkout["product"]
    order["customer"] = checkout["customer"]
    checkout["product"] = checkout["product"]["id"]
    checkout["customer"] = checkout["customer"]["id"]

    fact, expected = told_by(envelope), told(ONE_TIME)

    assert isinstance(fact, PaymentSucceeded)
    assert isinstance(expected, PaymentSucceeded)
    assert fact.transaction_id == expected.transaction_id
    assert (fact.product_id, fact.customer_id) == (expected.product_id, expected.customer_id)
    assert fact.email is None


@pytest.mark.parametrize(
    "optional", ["units", "customer", "product", "success_url", "metadata", "request_id", "mode"]
)
def test_a_payment_is_read_without_what_is_optional(optional: str) -> None:
    without, with_null = fixture(ONE_TIME), fixture(ONE_TIME)
    del without["object"][optional]
    with_null["object"][optional] = None

    fact = told_by(without)

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.amount_cents, fact.units) == (1000, 1)
    assert told_by(with_null) == fact


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["id"], None),
        (["order"], "ord_1"),
        (["order", "id"], ""),
        (["order", "status"], "pending"),
        (["order", "transaction"], None),
        (["order", "transaction"], "tran_\x00"),
        (["order", "transaction"], "t" * 256),
        (["order", "amount"], -1),
        (["order", "amount"], 10.5),
        (["order", "amount"], "1000"),
        (["order", "amount"], True),
        (["order", "currency"], "dollars"),
        (["units"], "two"),
        (["units"], 0.5),
    ],
)
def test_a_payment_that_says_too_little_is_unknown_with_the_reason(path: list[str], value: Any) -> None:
    envelope = fixture(ONE_TIME)
    *way, last = ["object", *path]
    place = envelope
    for step in way:
        place = place[step]
    place[last] = value

    fact = told_by(envelope)

    assert isinstance(fact, Unknown)
    assert fact.why
    assert fact.reference == "buyer@example.com_1762495797075"


def test_an_amount_written_as_a_fraction_is_read_if_it_is_whole() -> None:
    body = orjson.dumps(fixture(ONE_TIME)).replace(b'"amount":1000,', b'"amount":1000.0,')

    fact = PROVIDER.read_fact(body)

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.amount_cents, type(fact.amount_cents)) == (1000, int)


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        (["prod", "prod"], Mode.LIVE),
        (["test", "test"], Mode.TEST),
        (["sandbox", "local"], Mode.TEST),
        (["prod", "test"], Mode.UNKNOWN),
        (["prod", "mars"], Mode.UNKNOWN),
        ([{}, []], Mode.UNKNOWN),
        ([None, None], Mode.UNKNOWN),
    ],
)
def test_money_is_live_only_if_all_that_is_said_says_so(words: list[Any], mode: Mode) -> None:
    envelope = fixture(ONE_TIME)
    envelope["object"]["mode"], envelope["object"]["order"]["mode"] = words

    assert told_by(envelope).mode is mode


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"eventType": "checkout.completed"}',
        b'{"eventType": "checkout.completed", "object": "ch_1", "created_at": 1e999999999999999999999}',
        b'{"eventType": "checkout.completed", "object": [], "created_at": 99999999999999999999}',
        b'{"eventType": ["checkout"], "object": {}}',
        b'{"eventType": "product.updated", "object": {"id": "prod_1"}}',
        b'{"eventType": "refund.created", "object": {"id": "ref_1"}}',
        b'{"eventType": "subscription.", "object": {}}',
    ],
)
def test_what_cannot_be_understood_is_unknown(body: bytes) -> None:
    assert isinstance(PROVIDER.read_fact(body), Unknown)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = [fixture(name) for name in names("webhook.")]


@given(body=st.sampled_from(BODIES), choice=st.randoms(use_true_random=False), value=JSON)
def test_whatever_stands_in_place_of_a_part_a_fact_comes_of_it(body: Any, choice: Any, value: Any) -> None:
    spoilt = deepcopy(body)
    place = spoilt
    key = choice.choice(list(place))
    while isinstance(place[key], dict) and place[key] and choice.random() < 0.8:
        place = place[key]
        key = choice.choice(list(place))
    place[key] = value

    fact = translation.of_event(spoilt)

    assert repr(fact).encode()
