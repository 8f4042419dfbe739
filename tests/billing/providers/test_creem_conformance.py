"""Our calls and the sandbox's answers are as Creem's own OpenAPI description has them."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from billing.providers.creem.client import Creem
from billing.providers.errors import ProviderRefused
from billing.providers.protocol import CheckoutRequest
from tests.billing.providers.conftest import hurried
from tests.billing.providers.openapi import complaints, component, wrong
from tests.billing.providers.recorded import fixture
from tests.sandbox.running_creem import RunningCreem

URL = "https://shop.example/orders/ref-1"
WISH = CheckoutRequest(reference="ref-1", product_id="prod_standard", units=2, success_url=URL)
WISH_WITH_EMAIL = CheckoutRequest(
    reference="ref-1", product_id="prod_taxed", units=1, success_url=URL, email="buyer@example.com"
)
UNKNOWN = CheckoutRequest(reference="ref-1", product_id="prod_none", units=1, success_url=URL)
CALLS: dict[str, tuple[str, Callable[[Creem, dict[str, Any]], object]]] = {
    "create": ("/checkouts", lambda creem, _: creem.create_checkout(WISH)),
    "create with e-mail": ("/checkouts", lambda creem, _: creem.create_checkout(WISH_WITH_EMAIL)),
    "get paid": ("/checkouts", lambda creem, paid: creem.get_checkout(paid["id"])),
    "product": ("/products", lambda creem, _: creem.get_product("prod_monthly")),
    "invoices": ("/customers/billing", lambda creem, paid: creem.customer_portal(paid["customer"]["id"])),
    "search": ("/transactions/search", lambda creem, _: list(creem.search_transactions())),
    "search order": (
        "/transactions/search",
        lambda creem, paid: list(
            creem.search_transactions(
                order_id=paid["order"]["id"], customer_id=paid["customer"]["id"], product_id="prod_standard"
            )
        ),
    ),
}
REFUSED: dict[str, tuple[int, Callable[[Creem, str], object]]] = {
    "unknown product": (404, lambda creem, _: creem.create_checkout(UNKNOWN)),
    "unknown customer": (404, lambda creem, _: creem.customer_portal("cust_none")),
    "unknown checkout": (404, lambda creem, _: creem.get_checkout("ch_none")),
    "bad wish": (
        400,
        lambda creem, _: creem.create_checkout(
            CheckoutRequest(reference="r", product_id="prod_standard", units=0, success_url=URL)
        ),
    ),
    "wrong key": (401, lambda _, url: hurried(url, api_key="creem_test_wrong").get_product("prod_standard")),
}


def take_back(creem: RunningCreem, checkout: dict[str, Any], act: str) -> None:
    creem.submit(checkout, country="NL")
    transaction_id = creem.get_checkout(checkout["id"])["order"]["transaction"]
    assert creem.control(f"/transactions/{transaction_id}/{act}").ok


FATES: dict[str, Callable[[RunningCreem, dict[str, Any]], object]] = {
    "pending": lambda creem, checkout: None,
    "expired": lambda creem, checkout: creem.control(f"/checkouts/{checkout['id']}/expire"),
    "paid": lambda creem, checkout: creem.submit(checkout, country="NL"),
    "refunded": lambda creem, checkout: take_back(creem, checkout, "refund"),
    "disputed": lambda creem, checkout: take_back(creem, checkout, "dispute"),
}


def calls_during(creem: RunningCreem, act: Callable[[], object]) -> list[dict[str, Any]]:
    last = max((entry["number"] for entry in creem.traffic()), default=0)
    act()
    return [entry for entry in creem.traffic(since=last) if entry["what"] == "api"]


@pytest.mark.parametrize(("path", "ask"), CALLS.values(), ids=CALLS)
def test_what_we_ask_and_what_is_answered_conforms(
    creem: RunningCreem, provider: Creem, path: str, ask: Callable[[Creem, dict[str, Any]], object]
) -> None:
    paid = creem.paid(metadata={"reference": "ref-1"})

    calls = calls_during(creem, lambda: ask(provider, paid))

    assert {call["path"] for call in calls} == {f"/creem/v1{path}"}
    assert [complaint for call in calls for complaint in complaints(call)] == []


@pytest.mark.parametrize("befall", FATES.values(), ids=FATES)
def test_a_checkout_conforms_whatever_became_of_it(
    creem: RunningCreem, provider: Creem, befall: Callable[[RunningCreem, dict[str, Any]], object]
) -> None:
    checkout = creem.checkout(product_id="prod_taxed")
    befall(creem, checkout)

    calls = calls_during(creem, lambda: provider.get_checkout(checkout["id"]))
    calls += calls_during(creem, lambda: next(provider.search_transactions(), None))

    assert [call["status"] for call in calls] == [200, 200]
    assert [complaint for call in calls for complaint in complaints(call)] == []


@pytest.mark.parametrize(("status", "ask"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_has_a_status_that_is_foreseen(
    creem: RunningCreem, provider: Creem, status: int, ask: Callable[[Creem, str], object]
) -> None:
    def act() -> None:
        with pytest.raises(ProviderRefused):
            ask(provider, creem.url)

    [call] = calls_during(creem, act)

    assert call["status"] == status
    assert [each for each in complaints(call) if each.startswith("answer")] == []


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/products", {"json": fixture("api.products.create.request.onetime")}),
        ("POST", "/products", {"json": fixture("api.products.create.request.recurring")}),
        ("GET", "/products/search", {"params": {"page_number": 1, "page_size": 3}}),
    ],
    ids=["onetime", "recurring", "search"],
)
def test_what_only_a_dashboard_would_ask_conforms_too(
    creem: RunningCreem, method: str, path: str, options: dict[str, Any]
) -> None:
    [call] = calls_during(creem, lambda: creem.api(method, path, **options))

    assert call["status"] == 200
    assert complaints(call) == []


def test_single_transactions_and_portals_conform_too(creem: RunningCreem) -> None:
    paid = creem.paid()

    def act() -> None:
        creem.api("GET", "/transactions", params={"transaction_id": paid["order"]["transaction"]})
        creem.api("POST", "/customers/billing", json={"customer_id": paid["customer"]["id"]})

    calls = calls_during(creem, act)

    assert [call["status"] for call in calls] == [200, 200]
    assert [complaint for call in calls for complaint in complaints(call)] == []


def test_a_refund_is_asked_for_and_answered_as_on_record(creem: RunningCreem, provider: Creem) -> None:
    """Creem's description does not know the operation yet: what is on record is all there is."""
    transaction_id = creem.paid()["order"]["transaction"]

    [call] = calls_during(creem, lambda: provider.refund(transaction_id))

    assert (call["method"], call["path"], call["status"]) == ("POST", "/creem/v1/refunds", 200)
    asked = {**fixture("api.refunds.create.request"), "transaction_id": transaction_id}
    assert orjson.loads(call["body"]) == asked
    assert orjson.loads(call["answer"]) == fixture("api.refunds.create.response")


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("api.checkouts.create.request", "CreateCheckoutRequest"),
        ("api.checkouts.create.response", "CheckoutEntity"),
        ("api.checkouts.get.response.pending", "CheckoutEntity"),
        ("api.checkouts.get.response.completed.constructed", "CheckoutEntity"),
        ("api.products.search.response", "ProductListEntity"),
        ("api.transactions.get.response", "TransactionEntity"),
        ("api.transactions.search.response", "TransactionListEntity"),
        ("api.customers.billing.response", "CustomerLinksEntity"),
    ],
)
def test_what_is_on_record_conforms(name: str, schema: str) -> None:
    assert list(wrong(component(schema), fixture(name), where=name)) == []


ANSWER = '{"id": "ch_1", "mode": "test", "object": "checkout", "status": "pending", "product": "prod_1"}'
CREATE: dict[str, Any] = {
    "method": "POST",
    "path": "/creem/v1/checkouts",
    "query": {},
    "body": '{"product_id": "prod_1"}',
    "status": 200,
    "answer": ANSWER,
}
GET: dict[str, Any] = {
    "method": "GET",
    "path": "/creem/v1/checkouts",
    "query": {"checkout_id": "ch_1"},
    "body": "",
    "status": 404,
    "answer": "{}",
}


@pytest.mark.parametrize("call", [CREATE, GET])
def test_a_good_call_is_found_good(call: dict[str, Any]) -> None:
    assert complaints(call) == []


@pytest.mark.parametrize(
    "call",
    [
        CREATE | {"path": "/creem/v1/checkout"},
        CREATE | {"method": "PUT"},
        CREATE | {"path": "/creem/v1/subscriptions//cancel", "body": "{}"},
        CREATE | {"path": "/creem/v1/subscriptions/sub_1/end", "body": "{}"},
        CREATE | {"path": "/creem/v1/subscriptions/sub_1/pause", "body": "{}"},
        CREATE | {"path": "/creem/v1/subscriptions/sub_1/cancel", "body": '{"mode": "at once"}'},
        CREATE | {"query": {"x": "1"}},
        CREATE | {"body": "{}"},
        CREATE | {"body": '{"product_id": 7}'},
        CREATE | {"body": '{"product_id": "prod_1", "productId": "prod_1"}'},
        CREATE | {"body": '{"product_id": "prod_1", "customer": {"mail": "x"}}'},
        CREATE | {"status": 201},
        CREATE | {"answer": "{}"},
        CREATE | {"answer": ANSWER.replace("pending", "waiting")},
        CREATE | {"answer": ANSWER.replace('"status"', '"extra": 1, "status"')},
        CREATE | {"answer": ANSWER.replace('"test"', "null")},
        GET | {"query": {}},
        GET | {"body": "{}"},
    ],
)
def test_a_bad_call_is_found_bad(call: dict[str, Any]) -> None:
    assert complaints(call) != []


def test_a_bad_date_is_found_bad() -> None:
    product = fixture("api.products.search.response")["items"][0] | {"created_at": "yesterday"}

    assert list(wrong(component("ProductEntity"), product, where="product")) != []
