"""What Creem tells of its subscriptions becomes the right fact, by webhook and when asked."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.providers.creem import translation
from billing.providers.creem.answers import read_transaction
from billing.providers.facts import Disputed, Fact, Mode, Refunded, SubscriptionChanged, Unknown
from tests.billing.providers.conftest import hurried
from tests.billing.providers.recorded import fixture, names

PAID = "webhook.subscription.paid.captured"
BOUGHT = "webhook.checkout.completed.subscription.docs"
PROVIDER = hurried("http://127.0.0.1:9")


def told(name: str) -> SubscriptionChanged:
    fact = translation.of_event(fixture(name))
    assert isinstance(fact, SubscriptionChanged)
    return fact


def told_by(envelope: Any) -> Fact:
    return PROVIDER.read_fact(orjson.dumps(envelope))


def changed(name: str, **fields: Any) -> SubscriptionChanged:
    """Return the fact of a recorded webhook whose object says ``fields`` instead."""
    envelope = fixture(name)
    envelope["object"] |= fields
    fact = told_by(envelope)
    assert isinstance(fact, SubscriptionChanged)
    return fact


def test_a_period_that_was_paid_names_its_transaction() -> None:
    fact = told("webhook.subscription.paid.captured")

    assert fact == SubscriptionChanged(
        provider="creem",
        mode=Mode.TEST,
        reference=None,
        customer_id="cust_fixture_customer",
        subscription_id="sub_fixture_subscription",
        happened_at=datetime(2026, 7, 31, 12, 26, 16, 868000, tzinfo=UTC),
        change="paid",
        status="active",
        product_id="prod_fixture_starter",
        units=1,
        currency="USD",
        amount_cents=1900,
        tax_cents=0,
        discount_cents=None,
        paid_cents=1900,
        refunded_cents=0,
        email="fixture@example.com",
        transaction_id="tran_fixture_initial",
        provider_order_id="ord_fixture_order",
        period_start=datetime(2026, 7, 31, 12, 26, 14, 826000, tzinfo=UTC),
        period_end=datetime(2026, 8, 31, 12, 26, 14, 826000, tzinfo=UTC),
        as_of=datetime(2026, 7, 31, 12, 26, 16, 214000, tzinfo=UTC),
    )


def test_a_period_that_was_paid_is_read_without_its_transaction_in_full() -> None:
    fact = told("webhook.subscription.paid.docs")

    assert isinstance(fact, SubscriptionChanged)
    assert (fact.transaction_id, fact.amount_cents) == ("tran_5yMaWzAl3jxuGJMCOrYWwk", None)


@pytest.mark.parametrize(
    "change",
    [
        "active",
        "canceled",
        "expired",
        "paid",
        "past_due",
        "paused",
        "scheduled_cancel",
        "trialing",
        "unpaid",
        "update",
    ],
)
def test_every_change_of_a_subscription_is_called_by_its_name(change: str) -> None:
    fact = told(f"webhook.subscription.{change}.docs")

    assert isinstance(fact, SubscriptionChanged)
    assert fact.change == change
    assert fact.subscription_id is not None
    assert fact.subscription_id.startswith("sub_")


def test_a_subscription_tells_our_reference_from_its_metadata() -> None:
    envelope = fixture("webhook.subscription.paid.captured")
    envelope["object"]["metadata"] = {"reference": "ref-1"}

    assert told_by(envelope).reference == "ref-1"


def test_buying_a_subscription_is_no_payment_of_its_own() -> None:
    fact = told("webhook.checkout.completed.subscription.docs")

    assert isinstance(fact, SubscriptionChanged)
    assert (fact.change, fact.subscription_id) == ("checkout.completed", "sub_6pC2lNB6joCRQIZ1aMrTpi")
    assert (fact.reference, fact.status) == ("my-request-id", "active")


def test_an_order_that_recurs_is_no_payment_even_if_it_names_no_subscription() -> None:
    envelope = fixture("webhook.checkout.completed.onetime.captured")
    envelope["object"]["order"]["type"] = "recurring"

    assert isinstance(told_by(envelope), SubscriptionChanged)


def test_buying_a_subscription_names_its_payment_and_no_period() -> None:
    order = fixture(BOUGHT)["object"]["order"]
    paid = {"transaction": "tran_1", "amount": 1000, "tax_amount": 210, "amount_paid": 1110}

    fact = changed(BOUGHT, order={**order, **paid, "discount_amount": 100})

    assert (fact.transaction_id, fact.provider_order_id) == ("tran_1", "ord_4aDwWXjMLpes4Kj4XqNnUA")
    assert (fact.currency, fact.amount_cents, fact.tax_cents) == ("EUR", 1000, 210)
    assert (fact.discount_cents, fact.paid_cents, fact.refunded_cents) == (100, 1110, None)
    assert (fact.units, fact.email) == (1, "customer@emaildomain")
    assert (fact.period_start, fact.period_end) == (None, None)
    assert fact.as_of == datetime(2024, 10, 12, 11, 58, 45, 425000, tzinfo=UTC)


@pytest.mark.parametrize("status", ["pending", "brand new", None])
def test_an_order_that_is_not_paid_names_no_payment(status: str | None) -> None:
    order = fixture(BOUGHT)["object"]["order"]

    fact = changed(BOUGHT, order={**order, "transaction": "tran_1", "status": status})

    assert fact.transaction_id is None


def test_the_order_of_a_trial_costs_nothing_and_is_no_payment() -> None:
    order = fixture(BOUGHT)["object"]["order"]
    trial = {"amount": 0, "amount_paid": 0, "tax_amount": 0, "transaction": None}

    fact = changed(BOUGHT, order={**order, **trial})

    assert (fact.amount_cents, fact.paid_cents, fact.transaction_id) == (0, 0, None)


def test_a_trial_has_a_period_and_no_payment() -> None:
    fact = told("webhook.subscription.trialing.docs")

    assert (fact.status, fact.transaction_id, fact.amount_cents) == ("trialing", None, None)
    assert fact.period_end == datetime(2025, 2, 26, 11, 18, 25, tzinfo=UTC)


def test_a_purchase_is_as_old_as_its_subscription_or_its_webhook() -> None:
    fact = changed(BOUGHT, subscription="sub_1")

    assert (fact.subscription_id, fact.status) == ("sub_1", "")
    assert fact.as_of == fact.happened_at == datetime(2024, 10, 12, 11, 58, 45, 927000, tzinfo=UTC)


def test_a_subscription_that_does_not_say_when_it_changed_changed_when_that_was_told() -> None:
    fact = told("webhook.subscription.unpaid.docs")

    assert fact.as_of == fact.happened_at == datetime(2026, 2, 28, 7, 56, 40, 331000, tzinfo=UTC)


def test_a_renewal_is_another_payment_for_the_next_period() -> None:
    first, renewal = told(PAID), told("webhook.subscription.paid.renewal.constructed")

    assert renewal.subscription_id == first.subscription_id
    assert renewal.transaction_id not in {None, first.transaction_id}
    assert renewal.period_start == first.period_end
    assert renewal.as_of is not None
    assert first.as_of is not None
    assert renewal.as_of > first.as_of


def test_every_change_names_the_last_payment_and_describes_it_where_it_can() -> None:
    described = told("webhook.subscription.scheduled_cancel.captured")
    named = told("webhook.subscription.canceled.docs")

    assert (described.transaction_id, described.amount_cents) == ("tran_fixture_initial", 1900)
    assert (named.transaction_id, named.amount_cents) == ("tran_5yMaWzAl3jxuGJMCOrYWwk", None)
    assert (named.currency, named.refunded_cents) == (None, None)


def test_what_was_added_taken_off_paid_and_given_back_is_told_of_a_payment() -> None:
    amounts = {"amount": 1000, "tax_amount": 210, "discount_amount": 100, "amount_paid": 1110}
    transaction = fixture(PAID)["object"]["last_transaction"]

    fact = changed(PAID, last_transaction={**transaction, **amounts, "refunded_amount": 400})

    assert (fact.amount_cents, fact.tax_cents, fact.discount_cents) == (1000, 210, 100)
    assert (fact.paid_cents, fact.refunded_cents) == (1110, 400)


@pytest.mark.parametrize("status", ["refunded", "partialRefund", "chargeback", None])
def test_a_payment_that_went_back_was_one(status: str | None) -> None:
    transaction = fixture(PAID)["object"]["last_transaction"]

    fact = changed(PAID, last_transaction={**transaction, "status": status})

    assert fact.transaction_id == "tran_fixture_initial"


@pytest.mark.parametrize("status", ["pending", "declined", "uncollectible", "void", "brand new"])
def test_a_transaction_that_brought_no_money_is_no_payment(status: str) -> None:
    envelope = fixture("webhook.subscription.scheduled_cancel.captured")
    envelope["object"]["last_transaction"]["status"] = status
    fact = told_by(envelope)

    assert isinstance(fact, SubscriptionChanged)
    assert (fact.status, fact.transaction_id, fact.amount_cents) == ("scheduled_cancel", None, None)
    assert isinstance(told_by({**envelope, "eventType": "subscription.paid"}), Unknown)


def test_what_was_paid_without_any_payment_is_for_a_person() -> None:
    envelope = fixture(PAID)
    del envelope["object"]["last_transaction"], envelope["object"]["last_transaction_id"]

    fact = told_by(envelope)

    assert isinstance(fact, Unknown)
    assert (fact.why, fact.is_incomplete) == ("no paid transaction", True)
    assert fact.subscription_id == "sub_fixture_subscription"
    assert fact.customer_id == "cust_fixture_customer"


@pytest.mark.parametrize("transaction", ["tran_9", {"id": "tran_9"}])
def test_a_transaction_is_named_by_its_id_or_its_object(transaction: object) -> None:
    assert changed(PAID, last_transaction=transaction).transaction_id == "tran_9"


@pytest.mark.parametrize(
    ("change", "stated", "status"),
    [
        ("expired", "active", "expired"),
        ("canceled", "scheduled_cancel", "canceled"),
        ("past_due", None, "past_due"),
        ("paused", "active", "paused"),
        ("unpaid", "past_due", "unpaid"),
        ("past_due", "canceled", "canceled"),
        ("scheduled_cancel", "canceled", "canceled"),
        ("active", "trialing", "trialing"),
        ("paid", "scheduled_cancel", "scheduled_cancel"),
        ("update", "paused", "paused"),
        ("update", "brand new", "brand new"),
        ("update", None, ""),
    ],
)
def test_a_status_is_what_the_change_ends_in_unless_all_is_over(
    change: str, stated: str | None, status: str
) -> None:
    envelope = fixture(PAID) | {"eventType": f"subscription.{change}"}
    envelope["object"]["status"] = stated
    fact = told_by(envelope)

    assert isinstance(fact, SubscriptionChanged)
    assert (fact.change, fact.status) == (change, status)


def test_what_expired_says_that_it_is_active_for_no_time_and_is_not_believed() -> None:
    fact = told("webhook.subscription.expired.docs")

    assert (fact.status, fact.period_start, fact.period_end) == ("expired", None, None)


@pytest.mark.parametrize("change", ["resumed", "asked", "", "paid.again", "Paid"])
def test_a_change_of_no_known_name_is_unknown_and_not_about_money(change: str) -> None:
    fact = told_by(fixture(PAID) | {"eventType": f"subscription.{change}"})

    assert isinstance(fact, Unknown)
    assert not fact.is_incomplete


def test_a_subscription_in_another_mode_than_its_payment_is_in_none() -> None:
    assert changed(PAID, mode="prod").mode is Mode.UNKNOWN


def test_what_is_asked_about_says_the_same_as_its_webhook() -> None:
    asked = translation.of_subscription(fixture(PAID)["object"])
    by_webhook = told(PAID)

    assert isinstance(asked, SubscriptionChanged)
    assert asked.change == translation.ASKED
    assert asked.happened_at == datetime(2026, 7, 31, 12, 26, 14, 826000, tzinfo=UTC)
    assert (asked.transaction_id, asked.paid_cents) == (by_webhook.transaction_id, by_webhook.paid_cents)
    assert (asked.status, asked.as_of, asked.period_end) == (
        by_webhook.status,
        by_webhook.as_of,
        by_webhook.period_end,
    )


def test_what_was_never_paid_is_asked_about_without_a_moment() -> None:
    asked = translation.of_subscription(fixture("webhook.subscription.trialing.docs")["object"])

    assert isinstance(asked, SubscriptionChanged)
    assert (asked.happened_at, asked.transaction_id, asked.status) == (None, None, "trialing")


@pytest.mark.parametrize("kind", ["refund", "dispute"])
def test_money_of_a_renewal_that_went_back_names_all_that_it_was_for(kind: str) -> None:
    envelope = fixture(f"webhook.{kind}.created.docs")
    about = envelope["object"]
    subscription_id, product_id = about["subscription"]["id"], about["order"]["product"]
    about["transaction"]["id"], about["transaction"]["order"] = "tran_renewal", "ord_renewal"
    about["subscription"] |= {"metadata": {"reference": "ref-1"}, "product": {"id": product_id}}
    del about["checkout"], about["order"]

    fact = told_by(envelope)

    assert isinstance(fact, Refunded | Disputed)
    assert (fact.transaction_id, fact.provider_order_id) == ("tran_renewal", "ord_renewal")
    assert (fact.subscription_id, fact.product_id) == (subscription_id, product_id)
    assert (fact.reference, fact.checkout_id) == ("ref-1", None)


def test_the_checkout_of_a_renewal_that_went_back_tells_our_reference() -> None:
    fact = told_by(fixture("webhook.refund.created.docs"))

    assert isinstance(fact, Refunded)
    assert (fact.reference, fact.checkout_id) == ("my-request-id", "ch_4l0N34kxo16AhRKUHFUuXr")
    assert (fact.transaction_id, fact.subscription_id) == (
        "tran_5yMaWzAl3jxuGJMCOrYWwk",
        "sub_6pC2lNB6joCRQIZ1aMrTpi",
    )


def test_a_fact_is_described_by_the_transaction_that_it_named() -> None:
    named = told("webhook.subscription.paid.docs")
    amounts = {"currency": "EUR", "tax_amount": 399, "discount_amount": 5, "refunded_amount": 7}
    transaction = read_transaction({**fixture("api.transactions.get.response"), **amounts})

    fact = translation.with_transaction(named, transaction)

    assert (fact.transaction_id, fact.status) == (named.transaction_id, named.status)
    assert (fact.period_end, fact.as_of) == (named.period_end, named.as_of)
    assert (fact.currency, fact.amount_cents, fact.tax_cents) == ("EUR", 1900, 399)
    assert (fact.discount_cents, fact.paid_cents, fact.refunded_cents) == (5, 1900, 7)
    assert fact.provider_order_id == "ord_fixture_primary"


WORDS = st.sampled_from(["paid", "pending", "refunded", "declined", "active", "canceled", "", None, 7])
IDS: st.SearchStrategy[Any] = st.sampled_from(["tran_1", "", None, 7, {"id": "tran_2"}, []])
EVENTS = [fixture(name) for name in names("webhook.subscription.")]


@given(
    envelope=st.sampled_from(EVENTS),
    change=st.sampled_from(["paid", "past_due", "canceled", "update", "active"]),
    said=st.fixed_dictionaries(
        {},
        optional={
            "status": WORDS,
            "last_transaction_id": IDS,
            "last_transaction": st.fixed_dictionaries(
                {"id": IDS, "status": WORDS, "amount": st.integers(-1)}
            ),
            "updated_at": WORDS,
        },
    ),
)
def test_whatever_is_said_amounts_and_payments_go_together(envelope: Any, change: str, said: Any) -> None:
    about = {**envelope["object"], **said}

    fact = translation.of_event({**envelope, "eventType": f"subscription.{change}", "object": about})

    if isinstance(fact, Unknown):
        assert (change, fact.is_incomplete) == ("paid", True)
    else:
        assert isinstance(fact, SubscriptionChanged)
        assert fact.transaction_id is not None or (fact.amount_cents is None and change != "paid")
        assert fact.as_of is not None
