"""What we ask of Creem about subscriptions, and what of an answer is believed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from billing.providers.creem import translation
from billing.providers.creem.answers import EVERY_MONTH, TransactionStatus
from billing.providers.creem.client import Creem
from billing.providers.errors import (
    KeyRefused,
    NotKnownThere,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Reason,
    WrongMode,
)
from billing.providers.facts import Fact, Mode, PaymentSucceeded, SubscriptionChanged, Unknown
from tests.billing.providers.conftest import hurried
from tests.billing.providers.openapi import complaints
from tests.billing.providers.recorded import Answer, RecordedServer, Request, fixture, recorded

SUBSCRIPTION, TRANSACTION = "api.subscriptions.get.response", "api.transactions.get.response"
ID, TRANSACTION_ID = "sub_fixture_active", "tran_fixture_invoice"
NAMED_ONLY = "webhook.subscription.paid.docs"
REPEATING = ["active", "canceled", "expired", "past_due", "paused", "scheduled_cancel", "unpaid", "update"]
ACTS: dict[str, tuple[str, str | None, Callable[[Creem], SubscriptionChanged]]] = {
    "cancel at once": (
        "cancel",
        "api.subscriptions.cancel.request.immediate",
        lambda creem: creem.cancel_subscription(ID, at_once=True),
    ),
    "cancel later": (
        "cancel",
        "api.subscriptions.cancel.request.scheduled",
        lambda creem: creem.cancel_subscription(ID, at_once=False),
    ),
    "pause": ("pause", None, lambda creem: creem.pause_subscription(ID)),
    "resume": ("resume", None, lambda creem: creem.resume_subscription(ID)),
    "upgrade": (
        "upgrade",
        "api.subscriptions.upgrade.request",
        lambda creem: creem.upgrade_subscription(ID, product_id="prod_fixture_subscription_yearly"),
    ),
}


def answer(content: object) -> Answer:
    return Answer(200, orjson.dumps(content))


def subscription(**fields: Any) -> Any:
    return fixture(SUBSCRIPTION) | fields


def named_only(**fields: Any) -> Any:
    """Return a subscription whose last payment is named and not described."""
    return {name: value for name, value in subscription(**fields).items() if name != "last_transaction"}


def answers(**by_path: Answer) -> Callable[[Request], Answer]:
    """Return what answers each path, by its last part, and no other."""
    missing = recorded("api.error.404", status=404)
    return lambda request: by_path.get(request.path.rpartition("/")[2], missing)


def asked(server: RecordedServer) -> list[str]:
    return [f"{request.method} {request.path}" for request in server.requests]


def confirmed(server: RecordedServer, envelope: Any) -> Fact:
    return hurried(server.url).confirm(orjson.dumps(envelope))


def test_a_subscription_is_asked_about_by_its_id() -> None:
    with RecordedServer(lambda _: recorded(SUBSCRIPTION)) as server:
        fact = hurried(server.url).get_subscription(ID)

    assert [(request.path, request.query) for request in server.requests] == [
        ("/v1/subscriptions", {"subscription_id": ID})
    ]
    assert (fact.change, fact.status, fact.subscription_id) == (translation.ASKED, "active", ID)
    assert (fact.transaction_id, fact.provider_order_id) == (TRANSACTION_ID, "ord_fixture_primary")
    assert (fact.currency, fact.amount_cents, fact.paid_cents, fact.refunded_cents) == ("USD", 1900, 1900, 0)
    assert (fact.customer_id, fact.email) == ("cust_fixture_primary", "customer.fixture@example.test")
    assert fact.period_end == datetime(2026, 4, 7, 6, 50, 38, tzinfo=UTC)
    assert fact.as_of == datetime(2026, 3, 7, 6, 51, 33, 586000, tzinfo=UTC)


def test_the_payment_of_a_subscription_is_asked_about_if_it_is_only_named() -> None:
    by_path = answers(subscriptions=answer(named_only()), transactions=recorded(TRANSACTION))

    with RecordedServer(by_path) as server:
        fact = hurried(server.url).get_subscription(ID)

    assert asked(server) == ["GET /v1/subscriptions", "GET /v1/transactions"]
    assert server.requests[1].query == {"transaction_id": TRANSACTION_ID}
    assert (fact.transaction_id, fact.amount_cents, fact.tax_cents) == (TRANSACTION_ID, 1900, 0)
    assert fact.provider_order_id == "ord_fixture_primary"


def test_a_subscription_whose_payment_is_not_found_is_told_without_amounts() -> None:
    with RecordedServer(answers(subscriptions=answer(named_only()))) as server:
        fact = hurried(server.url).get_subscription(ID)

    assert (fact.transaction_id, fact.amount_cents) == (TRANSACTION_ID, None)


@pytest.mark.parametrize("wrong", [{"id": "sub_other"}, {"id": None}, {"id": 7}])
def test_an_answer_about_something_else_is_garbled(wrong: dict[str, object]) -> None:
    with (
        RecordedServer(lambda _: answer(subscription(**wrong))) as server,
        pytest.raises(ProviderUnavailable) as failure,
    ):
        hurried(server.url).get_subscription(ID)

    assert (failure.value.reason, failure.value.operation) == (Reason.GARBLED, "GET /v1/subscriptions")


@pytest.mark.parametrize("act", [*ACTS, "ask"])
def test_a_subscription_in_the_other_mode_is_refused(act: str) -> None:
    ask = ACTS[act][2] if act in ACTS else lambda creem: creem.get_subscription(ID)

    with RecordedServer(lambda _: answer(subscription(mode="prod"))) as server, pytest.raises(WrongMode):
        ask(hurried(server.url))


@pytest.mark.parametrize(("path", "body", "act"), ACTS.values(), ids=ACTS)
def test_a_wish_is_told_once_as_on_record(
    path: str, body: str | None, act: Callable[[Creem], SubscriptionChanged]
) -> None:
    with RecordedServer(lambda _: answer(named_only(status="brand new"))) as server:
        fact = act(hurried(server.url))

    [request] = server.requests
    assert (request.method, request.path) == ("POST", f"/v1/subscriptions/{ID}/{path}")
    assert request.body == (orjson.dumps(fixture(body)) if body else b"")
    assert ("Content-Type" in request.headers) == (body is not None)
    assert (fact.change, fact.status, fact.subscription_id) == (translation.ASKED, "brand new", ID)


@pytest.mark.parametrize(
    "ask",
    [
        lambda creem: creem.get_subscription(ID),
        lambda creem: creem.get_transaction(ID),
        *(act for _, _, act in ACTS.values()),
    ],
    ids=["subscription", "transaction", *ACTS],
)
def test_what_we_ask_conforms(ask: Callable[[Creem], object]) -> None:
    with RecordedServer(lambda _: answer(subscription())) as server:
        ask(hurried(server.url))

    [request] = server.requests
    call = {**request._asdict(), "body": request.body.decode(), "status": 200, "answer": "{}"}
    assert [each for each in complaints(call) if not each.startswith("answer")] == []


def test_an_id_is_no_way_to_another_address() -> None:
    with RecordedServer(lambda _: answer(subscription(id="../a?b"))) as server:
        hurried(server.url).pause_subscription("../a?b")

    assert asked(server) == ["POST /v1/subscriptions/..%2Fa%3Fb/pause"]


@pytest.mark.parametrize("act", ACTS)
def test_a_wish_that_nobody_heard_is_not_told_again(act: str) -> None:
    with (
        RecordedServer(lambda _: Answer(500, b"{}")) as server,
        pytest.raises(ProviderUnavailable) as failure,
    ):
        ACTS[act][2](hurried(server.url))

    assert len(server.requests) == 1
    assert failure.value.reason is Reason.FAILING


DONE = [
    ("cancel at once", {"status": "canceled"}),
    ("cancel later", {"status": "canceled"}),
    ("cancel later", {"status": "scheduled_cancel"}),
    ("pause", {"status": "paused"}),
    ("resume", {"status": "active"}),
    ("resume", {"status": "trialing"}),
    ("upgrade", {"product": "prod_fixture_subscription_yearly"}),
]


@pytest.mark.parametrize(("act", "state"), DONE)
def test_a_refusal_of_what_is_done_already_is_none(act: str, state: dict[str, str]) -> None:
    refusal = recorded("api.error.400", status=400)
    by_path = answers(subscriptions=answer(subscription(**state)), **{ACTS[act][0]: refusal})

    with RecordedServer(by_path) as server:
        fact = ACTS[act][2](hurried(server.url))

    assert asked(server) == [f"POST /v1/subscriptions/{ID}/{ACTS[act][0]}", "GET /v1/subscriptions"]
    assert state.items() <= {"status": fact.status, "product": fact.product_id}.items()


@pytest.mark.parametrize(
    ("act", "status"),
    [
        ("cancel at once", "scheduled_cancel"),
        ("cancel later", "active"),
        ("pause", "active"),
        ("resume", "canceled"),
        ("upgrade", "active"),
    ],
)
def test_a_refusal_of_what_is_not_done_is_one(act: str, status: str) -> None:
    refusal = recorded("api.error.400", status=400)
    by_path = answers(subscriptions=answer(subscription(status=status)), **{ACTS[act][0]: refusal})

    with RecordedServer(by_path) as server, pytest.raises(ProviderRefused) as failure:
        ACTS[act][2](hurried(server.url))

    assert type(failure.value) is ProviderRefused
    assert failure.value.operation == f"POST /v1/subscriptions/{ID}/{ACTS[act][0]}"


@pytest.mark.parametrize(("status", "error"), [(401, KeyRefused), (404, NotKnownThere)])
@pytest.mark.parametrize("act", ACTS)
def test_a_wish_that_cannot_be_heard_is_not_asked_about(
    act: str, status: int, error: type[ProviderError]
) -> None:
    with (
        RecordedServer(lambda _: recorded(f"api.error.{status}", status=status)) as server,
        pytest.raises(error),
    ):
        ACTS[act][2](hurried(server.url))

    assert len(server.requests) == 1


def test_a_transaction_tells_what_it_paid_for() -> None:
    with RecordedServer(lambda _: recorded(TRANSACTION)) as server:
        found = hurried(server.url).get_transaction(TRANSACTION_ID)

    assert server.requests[0].query == {"transaction_id": TRANSACTION_ID}
    assert (found.id, found.mode, found.status, found.is_paid) == (
        TRANSACTION_ID,
        Mode.TEST,
        TransactionStatus.PAID,
        True,
    )
    assert (found.currency, found.amount_cents, found.tax_cents, found.paid_cents) == ("USD", 1900, 0, 1900)
    assert (found.discount_cents, found.refunded_cents) == (None, 0)
    assert (found.subscription_id, found.provider_order_id) == (ID, "ord_fixture_primary")
    assert found.period_start == datetime(2026, 3, 7, 6, 50, 38, tzinfo=UTC)
    assert found.period_end == datetime(2026, 4, 7, 6, 50, 38, tzinfo=UTC)


def test_an_answer_about_another_transaction_is_garbled() -> None:
    with (
        RecordedServer(lambda _: recorded(TRANSACTION)) as server,
        pytest.raises(ProviderUnavailable) as failure,
    ):
        hurried(server.url).get_transaction("tran_other")

    assert failure.value.reason is Reason.GARBLED


def transaction_of(envelope: Any, **fields: Any) -> Answer:
    return answer(fixture(TRANSACTION) | {"id": envelope["object"]["last_transaction_id"], **fields})


def test_a_payment_that_a_webhook_only_names_is_asked_about() -> None:
    envelope = fixture(NAMED_ONLY)
    named = translation.of_event(envelope)

    with RecordedServer(answers(transactions=transaction_of(envelope, currency="EUR"))) as server:
        fact = confirmed(server, envelope)

    assert isinstance(named, SubscriptionChanged)
    assert isinstance(fact, SubscriptionChanged)
    assert (named.amount_cents, fact.amount_cents, fact.currency) == (None, 1900, "EUR")
    assert (fact.change, fact.transaction_id) == ("paid", named.transaction_id)


@pytest.mark.parametrize(
    "name",
    [
        "webhook.subscription.paid.captured",
        "webhook.subscription.trialing.docs",
        "webhook.checkout.completed.subscription.docs",
        "webhook.checkout.completed.onetime.captured",
        "webhook.refund.created.docs",
        *(f"webhook.subscription.{change}.docs" for change in REPEATING),
        "webhook.variant.subscription.canceled.minimal",
    ],
)
def test_what_a_webhook_says_itself_or_only_repeats_is_not_asked_about(name: str) -> None:
    with RecordedServer(answers()) as server:
        fact = confirmed(server, fixture(name))

    assert fact == translation.of_event(fixture(name))
    assert server.requests == []


@pytest.mark.parametrize("status", ["pending", "declined"])
def test_a_payment_that_turns_out_to_be_none_is_for_a_person(status: str) -> None:
    envelope = fixture(NAMED_ONLY)

    with RecordedServer(answers(transactions=transaction_of(envelope, status=status))) as server:
        fact = confirmed(server, envelope)

    assert isinstance(fact, Unknown)
    assert (fact.is_incomplete, fact.subscription_id) == (True, "sub_6pC2lNB6joCRQIZ1aMrTpi")


def test_what_is_asked_about_is_told_without_a_last_payment_that_is_none() -> None:
    declined = answer(fixture(TRANSACTION) | {"status": "declined"})

    with RecordedServer(answers(subscriptions=answer(named_only()), transactions=declined)) as server:
        fact = hurried(server.url).get_subscription(ID)

    assert (fact.status, fact.transaction_id, fact.amount_cents) == ("active", None, None)


def test_a_payment_that_is_not_found_is_not_known_there() -> None:
    with RecordedServer(answers()) as server, pytest.raises(NotKnownThere):
        confirmed(server, fixture(NAMED_ONLY))


def test_a_purchase_whose_order_has_no_amount_is_described_by_its_transaction() -> None:
    envelope = fixture("webhook.checkout.completed.subscription.docs")
    envelope["object"]["order"] |= {"transaction": TRANSACTION_ID, "amount": None}

    with RecordedServer(answers(transactions=recorded(TRANSACTION))) as server:
        fact = confirmed(server, envelope)

    assert isinstance(fact, SubscriptionChanged)
    assert (fact.change, fact.transaction_id, fact.amount_cents) == (translation.BOUGHT, TRANSACTION_ID, 1900)


@pytest.mark.parametrize(
    ("recurs", "period"), [("recurring", EVERY_MONTH), ("onetime", "once"), ("brand new", None)]
)
def test_a_product_says_how_often_it_is_paid(recurs: str, period: str | None) -> None:
    product = fixture("api.products.get.response") | {"billing_type": recurs, "billing_period": period}

    with RecordedServer(lambda _: answer(product)) as server:
        found = hurried(server.url).get_product("prod_fixture_catalog")

    assert (found.billing_type, found.billing_period) == (recurs, period)
    assert found.is_recurring == (recurs != "onetime")


def test_the_first_payment_of_a_subscription_is_no_purchase_of_its_own() -> None:
    checkout = fixture("webhook.checkout.completed.subscription.docs")["object"]
    transaction = fixture(TRANSACTION) | {"order": checkout["order"]["id"]}
    checkout["order"] = checkout["order"]["id"]
    found = {"items": [transaction], "pagination": {"next_page": None}}

    with RecordedServer(answers(checkouts=answer(checkout), search=answer(found))) as server:
        fact = hurried(server.url).get_checkout(checkout["id"]).fact

    assert not isinstance(fact, PaymentSucceeded)
    assert isinstance(fact, SubscriptionChanged)
    assert (fact.transaction_id, fact.amount_cents) == (TRANSACTION_ID, 1900)
    assert fact.provider_order_id == "ord_4aDwWXjMLpes4Kj4XqNnUA"
