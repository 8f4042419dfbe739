"""Creem's API: its keys, its shapes, and its refusals."""

from typing import Any

import pytest

from tests.sandbox.running_creem import RunningCreem, as_object

ERROR_KEYS = ["trace_id", "status", "error", "message", "timestamp"]


@pytest.mark.parametrize("key", ["", "creem_test_other", "creem_sandbox"])
def test_a_call_without_the_key_of_the_store_is_refused(creem: RunningCreem, key: str) -> None:
    answer = creem.api("GET", "/products/search", key=key)

    assert answer.status_code == 401
    assert list(answer.json()) == ERROR_KEYS
    assert answer.json()["error"] == "Unauthorized"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"product_id": None}, "The 'product_id' field is required."),
        ({"product_id": 7}, "product_id must be a string"),
        ({"units": 0}, "units must be a positive integer"),
        ({"units": 1.5}, "units must be a positive integer"),
        ({"success_url": "shop.example"}, "success_url must be a valid URL"),
        ({"success_url": "javascript://x/%0aalert(1)"}, "success_url must be a valid URL"),
        ({"request_id": 7}, "request_id must be a string"),
        ({"metadata": "reference"}, "metadata must be an object"),
        ({"customer": {"email": ""}}, "customer.email must be an email"),
        ({"customer": "a@example.com"}, "customer.email must be an email"),
        ({"productId": "prod_standard"}, "property productId should not exist"),
        (
            {"customer": {"id": "cust_1", "email": "a@example.com"}},
            "You may only specify one of these parameters: customer.id, customer.email",
        ),
    ],
)
def test_a_checkout_that_makes_no_sense_is_refused_with_the_reason(
    creem: RunningCreem, body: dict[str, Any], complaint: str
) -> None:
    answer = creem.api("POST", "/checkouts", json={"product_id": "prod_standard", **body})

    assert answer.status_code == 400
    assert list(answer.json()) == ERROR_KEYS
    assert complaint in answer.json()["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"product"'])
def test_a_body_that_is_no_json_object_is_refused(creem: RunningCreem, body: bytes) -> None:
    answer = creem.api("POST", "/checkouts", data=body)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("GET", "/checkouts?checkout_id=ch_none", "Checkout not found"),
        ("GET", "/products?product_id=prod_none", "Product not found"),
        ("GET", "/products/prod_none", "Product not found"),
        ("GET", "/transactions?transaction_id=tran_none", "Transaction not found"),
        ("POST", "/refunds", "Transaction not found"),
        ("POST", "/customers/billing", "Customer not found"),
        ("POST", "/checkouts", "Customer not found"),
    ],
)
def test_what_is_not_there_is_a_404_that_calls_itself_a_bad_request(
    creem: RunningCreem, method: str, path: str, what: str
) -> None:
    body = {"product_id": "prod_standard", "customer": {"id": "cust_none"}}

    answer = creem.api(method, path, json=body if method == "POST" else None)

    assert (answer.status_code, answer.json()["error"]) == (404, "Bad Request")
    assert answer.json()["message"] == [what]


@pytest.mark.parametrize("path", ["/checkouts", "/products", "/transactions"])
def test_an_id_that_is_not_given_is_a_bad_request(creem: RunningCreem, path: str) -> None:
    assert creem.api("GET", path).status_code == 400


def test_an_address_that_does_not_exist_is_refused_in_the_same_shape(creem: RunningCreem) -> None:
    answer = creem.api("GET", "/orders")

    assert answer.status_code == 404
    assert list(answer.json()) == ERROR_KEYS


def test_a_new_checkout_echoes_what_was_sent_and_nothing_else(creem: RunningCreem) -> None:
    bare = as_object(creem.api("POST", "/checkouts", json={"product_id": "prod_standard"}))
    full = creem.checkout(units=3, metadata={"reference": "ref-1"}, customer={"email": "a@example.com"})

    always = ["id", "mode", "object", "product", "units", "custom_fields", "status"]
    assert list(bare) == [*always, "checkout_url"]
    assert list(full) == [*always, "request_id", "success_url", "metadata", "checkout_url"]
    assert (full["mode"], full["product"], full["units"]) == ("test", "prod_standard", 3)
    assert full["checkout_url"] == f"{creem.url}/test/checkout/prod_standard/{full['id']}"


def test_two_checkouts_for_one_reference_are_two(creem: RunningCreem) -> None:
    first, second = creem.checkout(), creem.checkout()

    assert first["id"] != second["id"]


def test_a_pending_checkout_is_asked_for_without_its_address(creem: RunningCreem) -> None:
    created = creem.checkout()

    asked = creem.get_checkout(created["id"])

    assert asked == {name: value for name, value in created.items() if name != "checkout_url"}


def test_a_product_is_found_by_its_id_in_query_or_path(creem: RunningCreem) -> None:
    in_query = as_object(creem.api("GET", "/products", params={"product_id": "prod_standard"}))
    in_path = as_object(creem.api("GET", "/products/prod_standard"))

    assert in_query == in_path
    assert (in_query["price"], in_query["currency"], in_query["billing_type"]) == (1000, "USD", "onetime")


def test_a_product_can_be_created_and_is_the_first_of_the_search(creem: RunningCreem) -> None:
    wanted = {"name": "New", "description": "x", "price": 100, "currency": "EUR", "billing_type": "onetime"}

    created = as_object(creem.api("POST", "/products", json=wanted))

    found = as_object(creem.api("GET", "/products/search", params={"page_size": 1}))
    assert found["items"] == [created]
    assert found["pagination"]["next_page"] == 2


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", "", "name must be a string"),
        ("price", 99, "price must be 0 or at least 100"),
        ("price", 1000.5, "price must be 0 or at least 100"),
        ("currency", "CNY", "currency must be one of the following values: USD, EUR"),
        ("billing_type", "one-time", "billing_type must be one of the following values: onetime, recurring"),
        ("billing_period", "once", "billing_period should not exist on one-time products"),
        ("id", "prod_mine", "property id should not exist"),
    ],
)
def test_a_product_that_makes_no_sense_is_refused_with_the_reason(
    creem: RunningCreem, field: str, value: Any, complaint: str
) -> None:
    wanted = {"name": "New", "description": "x", "price": 100, "currency": "EUR", "billing_type": "onetime"}

    answer = creem.api("POST", "/products", json=wanted | {field: value})

    assert answer.status_code == 400
    assert answer.json()["message"] == [complaint]


def test_transactions_are_searched_newest_first_by_all_that_they_belong_to(creem: RunningCreem) -> None:
    older, newer = creem.paid()["order"], creem.paid()["order"]

    by_customer = search(creem, customer_id=newer["customer"], page_size=2)
    by_order = search(creem, order_id=older["id"])
    by_another_product = search(creem, product_id="prod_taxed", order_id=older["id"])

    assert [each["id"] for each in by_customer["items"]] == [newer["transaction"], older["transaction"]]
    assert [each["order"] for each in by_order["items"]] == [older["id"]]
    assert by_another_product["items"] == []


def test_a_search_is_read_page_by_page(creem: RunningCreem) -> None:
    orders = [creem.paid()["order"] for _ in range(3)]

    second = search(creem, customer_id=orders[0]["customer"], page_number=2, page_size=1)

    assert [each["id"] for each in second["items"]] == [orders[1]["transaction"]]
    pagination = second["pagination"]
    assert (pagination["current_page"], pagination["prev_page"], pagination["next_page"]) == (2, 1, 3)
    assert pagination["total_pages"] == pagination["total_records"] >= 3


@pytest.mark.parametrize("number", ["0", "-1", "one"])
def test_a_page_that_cannot_be_is_refused(creem: RunningCreem, number: str) -> None:
    assert creem.api("GET", "/transactions/search", params={"page_number": number}).status_code == 400


def test_a_refund_gives_back_all_that_is_left_once(creem: RunningCreem) -> None:
    transaction_id = creem.paid()["order"]["transaction"]

    first, second = (creem.api("POST", "/refunds", json={"transaction_id": transaction_id}) for _ in range(2))

    assert (first.status_code, first.json()) == (200, {"status": "pending"})
    assert second.status_code == 400
    transaction = as_object(creem.api("GET", "/transactions", params={"transaction_id": transaction_id}))
    assert (transaction["status"], transaction["refunded_amount"]) == ("refunded", 1000)


def test_a_customer_gets_a_portal_that_lists_the_orders(creem: RunningCreem) -> None:
    customer_id = creem.paid()["customer"]["id"]

    link = as_object(creem.api("POST", "/customers/billing", json={"customer_id": customer_id}))

    portal = creem.sandbox.http.get(link["customer_portal_link"], timeout=10)
    assert "10.00 USD" in portal.text


def test_buyers_with_one_address_are_one_customer(creem: RunningCreem) -> None:
    checkouts = creem.checkout(), creem.checkout()

    creem.submit(checkouts[0], email="same@example.com")
    creem.submit(checkouts[1], email="Same@Example.com", name="Married Name")

    customers = [creem.get_checkout(checkout["id"])["customer"] for checkout in checkouts]
    assert customers[0] == customers[1]
    assert customers[0]["name"] == "Married Name"


def search(creem: RunningCreem, **query: Any) -> dict[str, Any]:
    return as_object(creem.api("GET", "/transactions/search", params=query))
