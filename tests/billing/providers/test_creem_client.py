"""What we ask of Creem, and how its answers are put together."""

import re
import time
from datetime import timedelta
from typing import Any

import orjson
import pytest

from billing.providers.creem.answers import TransactionStatus
from billing.providers.creem.client import LIVE_URL, TEST_URL, Creem
from billing.providers.facts import Mode, PaymentSucceeded, Refunded, SubscriptionChanged, Unknown
from billing.providers.patience import Patience
from billing.providers.protocol import CheckoutRequest, CheckoutStatus
from tests.billing.providers.conftest import hurried
from tests.billing.providers.recorded import Answer, RecordedServer, Request, fixture, recorded
from tests.sandbox.receiver import Receiver
from tests.sandbox.running_creem import API_KEY, WEBHOOK_SECRET, RunningCreem

CREATED = "api.checkouts.create.response"
COMPLETED = "api.checkouts.get.response.completed.constructed"


def wish(**changes: Any) -> CheckoutRequest:
    fields = {
        "reference": "ref-1",
        "product_id": "prod_standard",
        "units": 2,
        "success_url": "https://shop.example/orders/ref-1",
        **changes,
    }
    return CheckoutRequest(**fields)


def test_a_checkout_is_asked_for_with_our_reference_in_both_places() -> None:
    with RecordedServer(lambda _: recorded(CREATED)) as server:
        hurried(server.url).create_checkout(wish(email="buyer@example.com"))

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/checkouts")
    assert request.headers["x-api-key"] == API_KEY
    assert request.headers["Content-Type"] == "application/json"
    assert orjson.loads(request.body) == {
        "product_id": "prod_standard",
        "units": 2,
        "request_id": "ref-1",
        "success_url": "https://shop.example/orders/ref-1",
        "metadata": {"reference": "ref-1"},
        "customer": {"email": "buyer@example.com"},
    }


@pytest.mark.parametrize("email", [None, ""])
def test_a_buyer_without_an_address_is_not_mentioned(email: str | None) -> None:
    with RecordedServer(lambda _: recorded(CREATED)) as server:
        hurried(server.url).create_checkout(wish(email=email))

    assert "customer" not in orjson.loads(server.requests[0].body)


def test_a_purchase_comes_back_with_what_it_was_opened_with(creem: RunningCreem, provider: Creem) -> None:
    opened = provider.create_checkout(wish(email="buyer@example.com"))
    creem.submit({"checkout_url": opened.url})

    fact = provider.get_checkout(opened.id).fact

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.reference, fact.checkout_id, fact.mode) == ("ref-1", opened.id, Mode.TEST)
    assert (fact.product_id, fact.units, fact.currency, fact.amount_cents) == (
        "prod_standard",
        2,
        "USD",
        2000,
    )
    assert fact.email == "buyer@example.com"


def test_an_expired_checkout_is_expired(creem: RunningCreem, provider: Creem) -> None:
    opened = provider.create_checkout(wish())
    creem.control(f"/checkouts/{opened.id}/expire")

    state = provider.get_checkout(opened.id)

    assert (state.status, state.fact) == (CheckoutStatus.EXPIRED, None)


@pytest.mark.parametrize("word", ["pending", "processing", "brand new", None, 7])
def test_a_checkout_in_any_other_state_is_open(word: object) -> None:
    body = orjson.dumps(fixture("api.checkouts.get.response.pending") | {"status": word})

    with RecordedServer(lambda _: Answer(200, body)) as server:
        state = hurried(server.url).get_checkout("ch_fixture_pending")

    assert (state.status, state.fact) == (CheckoutStatus.OPEN, None)


@pytest.mark.parametrize("way", ["id", "no transaction", "null transaction"])
def test_an_order_that_is_not_answered_in_full_is_read_from_its_transaction(way: str) -> None:
    checkout = fixture(COMPLETED)
    expected = expected_fact(checkout)
    match way:
        case "id":
            checkout["order"] = checkout["order"]["id"]
        case "no transaction":
            del checkout["order"]["transaction"]
        case _:
            checkout["order"]["transaction"] = None

    with RecordedServer(with_transaction(checkout, status="paid")) as server:
        fact = hurried(server.url).get_checkout(checkout["id"]).fact

    assert isinstance(fact, PaymentSucceeded)
    assert (fact.transaction_id, fact.amount_cents, fact.paid_cents, fact.currency) == expected
    assert server.requests[1].query["order_id"] == "ord_5i4o2XEhelmrcWARPEvik0"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("refunded", PaymentSucceeded),
        ("partialRefund", PaymentSucceeded),
        ("chargedBack", PaymentSucceeded),
        ("pending", Unknown),
        ("declined", Unknown),
        ("brand new", Unknown),
    ],
)
def test_a_transaction_is_a_payment_only_if_money_came(status: str, kind: type[object]) -> None:
    checkout = fixture(COMPLETED)
    checkout["order"] = checkout["order"]["id"]

    with RecordedServer(with_transaction(checkout, status=status)) as server:
        fact = hurried(server.url).get_checkout(checkout["id"]).fact

    assert type(fact) is kind


def test_an_order_whose_transaction_is_not_found_is_unknown_for_now() -> None:
    checkout = fixture(COMPLETED)
    checkout["order"] = checkout["order"]["id"]

    with RecordedServer(lambda request: answer_with(checkout, [], request)) as server:
        state = hurried(server.url).get_checkout(checkout["id"])

    assert state.status is CheckoutStatus.COMPLETED
    assert isinstance(state.fact, Unknown)
    assert state.fact.reference == checkout["request_id"]


def test_a_checkout_for_a_subscription_tells_of_it() -> None:
    body = orjson.dumps(fixture("webhook.checkout.completed.subscription.docs")["object"])

    with RecordedServer(lambda _: Answer(200, body)) as server:
        fact = hurried(server.url).get_checkout("ch_4l0N34kxo16AhRKUHFUuXr").fact

    assert isinstance(fact, SubscriptionChanged)


def test_transactions_are_searched_page_by_page_as_they_are_read(creem: RunningCreem) -> None:
    def page(request: Request) -> Answer:
        number = int(request.query["page_number"])
        items = [{"id": f"tran_{number}"}]
        following = number + 1 if number < 3 else None
        return Answer(200, orjson.dumps({"items": items, "pagination": {"next_page": following}}))

    with RecordedServer(page) as server:
        found = hurried(server.url).search_transactions(product_id="prod_1")
        first = next(found)
        asked_for_the_first = len(server.requests)
        others = [each.id for each in found]

    assert (first.id, asked_for_the_first, others) == ("tran_1", 1, ["tran_2", "tran_3"])
    assert server.requests[0].query == {"product_id": "prod_1", "page_number": "1", "page_size": "50"}


@pytest.mark.parametrize("following", [0, 1, "2", None])
def test_a_search_ends_where_no_page_follows(following: object) -> None:
    body = orjson.dumps({"items": [{"id": "tran_1"}], "pagination": {"next_page": following}})

    with RecordedServer(lambda _: Answer(200, body)) as server:
        assert len(list(hurried(server.url).search_transactions())) == 1


@pytest.mark.parametrize("body", [b"{}", b'{"items": null}', b'{"items": [], "pagination": []}'])
def test_a_search_that_finds_nothing_is_empty(body: bytes) -> None:
    with RecordedServer(lambda _: Answer(200, body)) as server:
        assert list(hurried(server.url).search_transactions()) == []


def test_a_transaction_tells_what_went_back(creem: RunningCreem, provider: Creem) -> None:
    order = creem.paid()["order"]
    creem.control(f"/transactions/{order['transaction']}/refund", {"amount": 400})

    [found] = provider.search_transactions(order_id=order["id"])

    assert (found.id, found.status) == (order["transaction"], TransactionStatus.PARTLY_REFUNDED)
    assert (found.paid_cents, found.refunded_cents, found.mode) == (1000, 400, Mode.TEST)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("paid", TransactionStatus.PAID),
        ("partialRefund", TransactionStatus.PARTLY_REFUNDED),
        ("partially_refunded", TransactionStatus.PARTLY_REFUNDED),
        ("chargedBack", TransactionStatus.DISPUTED),
        ("chargeback", TransactionStatus.DISPUTED),
        ("uncollectible", TransactionStatus.FAILED),
        ("brand new", TransactionStatus.UNKNOWN),
        (None, TransactionStatus.UNKNOWN),
    ],
)
def test_a_status_is_read_in_every_spelling(word: object, status: TransactionStatus) -> None:
    body = orjson.dumps({"items": [fixture("api.transactions.get.response") | {"status": word}]})

    with RecordedServer(lambda _: Answer(200, body)) as server:
        [found] = hurried(server.url).search_transactions()

    assert found.status is status


def test_a_recorded_transaction_is_read_in_full() -> None:
    with RecordedServer(lambda _: recorded("api.transactions.search.response")) as server:
        found = next(hurried(server.url).search_transactions())

    assert (found.id, found.provider_order_id) == ("tran_fixture_invoice", "ord_fixture_primary")
    assert (found.customer_id, found.subscription_id) == ("cust_fixture_primary", "sub_fixture_active")
    assert (found.currency, found.amount_cents, found.tax_cents, found.refunded_cents) == ("USD", 1900, 0, 0)


@pytest.mark.parametrize(
    ("product_id", "is_recurring", "adds_tax"),
    [("prod_standard", False, False), ("prod_taxed", False, True), ("prod_monthly", True, False)],
)
def test_a_product_says_whether_it_is_paid_once_and_with_tax(
    creem: RunningCreem, provider: Creem, product_id: str, *, is_recurring: bool, adds_tax: bool
) -> None:
    product = provider.get_product(product_id)

    assert (product.is_recurring, product.adds_tax) == (is_recurring, adds_tax)


def test_the_sandbox_sends_buyers_back_by_an_address_that_is_genuine(
    creem: RunningCreem, provider: Creem
) -> None:
    location = creem.submit(creem.checkout()).headers["Location"]
    query = [(name, value) for name, value in re.findall(r"[?&]([^=]+)=([^&]*)", location)]

    assert provider.redirect_is_genuine(query)
    assert not hurried("", api_key="creem_test_other").redirect_is_genuine(query)


def test_a_refund_at_the_sandbox_tells_of_the_payment_that_it_takes_back(
    creem: RunningCreem, provider: Creem
) -> None:
    with Receiver() as receiver:
        creem.send_webhooks_to(receiver.url)
        order = creem.paid(request_id="ref-9", units=2)["order"]
        creem.control(f"/transactions/{order['transaction']}/refund")
        creem.events()
        fact = provider.read_fact(receiver.deliveries[-1].body)
        creem.leave_as_found()

    assert isinstance(fact, Refunded)
    assert (fact.transaction_id, fact.provider_order_id) == (order["transaction"], order["id"])
    assert (fact.reference, fact.amount_cents, fact.mode) == ("ref-9", 2000, Mode.TEST)


def test_without_anything_said_it_really_pauses(creem: RunningCreem) -> None:
    creem.fail(mode="fail", times=1)
    patience = Patience(first_pause=timedelta(milliseconds=20))
    provider = Creem(api_key=API_KEY, webhook_secret="s", base_url=creem.url, patience=patience)
    asked_at = time.monotonic()

    provider.get_product("prod_standard")

    assert time.monotonic() - asked_at >= 0.02


@pytest.mark.parametrize(
    ("key", "mode", "url"),
    [
        ("creem_test_x", Mode.TEST, TEST_URL),
        ("creem_x", Mode.LIVE, LIVE_URL),
        (" creem_x\n", Mode.LIVE, LIVE_URL),
    ],
)
def test_the_key_decides_where_to_ask(key: str, mode: Mode, url: str) -> None:
    provider = Creem(api_key=key, webhook_secret="s")

    assert provider.mode is mode
    assert provider._api._base_url == url


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("creem_test_x", LIVE_URL),
        ("creem_x", TEST_URL),
        ("creem_x", f"{TEST_URL}/"),
        ("sk_live_x", ""),
        ("", ""),
    ],
)
def test_a_key_that_does_not_fit_is_refused_without_being_shown(key: str, url: str) -> None:
    with pytest.raises(ValueError, match="key") as refusal:
        Creem(api_key=key, webhook_secret=WEBHOOK_SECRET, base_url=url)

    assert not key or key not in str(refusal.value)


def with_transaction(checkout: dict[str, Any], *, status: str) -> Any:
    full = fixture(COMPLETED)["order"]
    transaction = {
        "id": full["transaction"],
        "mode": "test",
        "object": "transaction",
        "amount": full["amount"],
        "amount_paid": full["amount_paid"],
        "currency": full["currency"],
        "type": "payment",
        "status": status,
        "order": full["id"],
        "customer": full["customer"],
        "created_at": 1762495836000,
    }
    return lambda request: answer_with(checkout, [transaction], request)


def answer_with(checkout: dict[str, Any], transactions: list[Any], request: Request) -> Answer:
    if request.path == "/v1/checkouts":
        return Answer(200, orjson.dumps(checkout))
    return Answer(200, orjson.dumps({"items": transactions, "pagination": {"next_page": None}}))


def expected_fact(checkout: dict[str, Any]) -> tuple[str, int, int, str]:
    order = checkout["order"]
    return order["transaction"], order["amount"], order["amount_paid"], order["currency"]
