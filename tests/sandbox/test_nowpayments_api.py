"""NowPayments' API: its keys, its shapes, its minimums and its refusals."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.nowpayments_record import differences, recorded
from tests.sandbox.running_nowpayments import RunningNowPayments, as_object

URL = "https://shop.example/orders/ref-1"


@pytest.mark.parametrize("key", ["", "SANDBOX-1111111-1111111-1111111"])
def test_a_call_without_the_key_of_the_account_is_refused(nowpayments: RunningNowPayments, key: str) -> None:
    answer = nowpayments.api("GET", "/merchant/coins", key=key)

    assert (answer.status_code, answer.json()) == (403, recorded("api.error.403.invalid-api-key"))


def test_the_status_is_told_to_everybody(nowpayments: RunningNowPayments) -> None:
    assert nowpayments.api("GET", "/status", key="").json() == recorded("api.status.response")


def test_an_address_that_does_not_exist_is_refused_in_the_same_shape(nowpayments: RunningNowPayments) -> None:
    answer = nowpayments.api("GET", "/payout")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "what"), [("/payment/1", "Payment"), ("/payment/x/update-merchant-estimate", "Payment")]
)
def test_what_is_not_there_is_a_404(nowpayments: RunningNowPayments, path: str, what: str) -> None:
    answer = nowpayments.api("POST" if path.endswith("estimate") else "GET", path, json={})

    assert (answer.status_code, answer.json()["message"]) == (404, f"{what} not found")


def test_an_invoice_is_as_recorded(nowpayments: RunningNowPayments) -> None:
    request = recorded("api.invoice.create.request")

    invoice = as_object(nowpayments.api("POST", "/invoice", json=request), status=201)

    assert differences(invoice, "api.invoice.create.response") == {}
    assert invoice["invoice_url"] == f"{nowpayments.url}/payment/?iid={invoice['id']}"
    assert {name: invoice[name] for name in request} == request | {"price_amount": "1000"}


def test_a_payment_is_as_recorded_when_it_is_created(nowpayments: RunningNowPayments) -> None:
    request = recorded("api.payment.create.request")

    payment = as_object(nowpayments.api("POST", "/payment", json=request), status=201)

    assert differences(payment, "api.payment.create.response.full") == {}
    assert (payment["payment_status"], payment["payin_extra_id"]) == ("waiting", None)


def test_a_payment_is_as_recorded_when_it_is_asked_for(nowpayments: RunningNowPayments) -> None:
    payment = nowpayments.paid(pay_currency="xrp")

    assert differences(payment, "api.payment.get.response.live-shape") == {}
    assert differences(payment, "api.payment.get.response.docs") == {}


def test_a_payment_of_an_invoice_is_as_recorded_and_names_it(nowpayments: RunningNowPayments) -> None:
    invoice = nowpayments.invoice()
    request = recorded("api.invoice-payment.create.request") | {"iid": invoice["id"]}

    payment = as_object(nowpayments.api("POST", "/invoice-payment", json=request), status=201)

    assert differences(payment, "api.invoice-payment.create.response") == {}
    assert nowpayments.get(payment["payment_id"])["invoice_id"] == int(invoice["id"])
    assert payment["order_id"] == "ref-1"


def test_an_id_is_a_text_when_it_is_new_and_a_number_afterwards(nowpayments: RunningNowPayments) -> None:
    created = nowpayments.payment()

    asked = nowpayments.get(created["payment_id"])

    assert (asked["payment_id"], asked["purchase_id"]) == (
        int(created["payment_id"]),
        int(created["purchase_id"]),
    )


def test_a_coin_that_needs_a_memo_gets_one(nowpayments: RunningNowPayments) -> None:
    assert nowpayments.payment(pay_currency="xrp")["payin_extra_id"].isdecimal()


def test_amounts_have_eight_places_whatever_the_coin_has(nowpayments: RunningNowPayments) -> None:
    payment = nowpayments.payment(pay_currency="xrp")

    assert (payment["pay_amount"], payment["network_precision"]) == (19.36121163, 6)


@pytest.mark.parametrize(("field", "days"), [("expiration_estimate_date", 1), ("valid_until", 7)])
def test_a_floating_rate_is_good_for_a_day_and_its_address_for_a_week(
    nowpayments: RunningNowPayments, field: str, days: int
) -> None:
    payment = nowpayments.payment()

    assert passed_seconds(payment["created_at"], payment[field]) == pytest.approx(days * 72, abs=0.5)


@pytest.mark.parametrize("switch", ["is_fixed_rate", "is_fee_paid_by_user"])
def test_a_fixed_rate_is_good_for_twenty_minutes(nowpayments: RunningNowPayments, switch: str) -> None:
    payment = nowpayments.payment(**{switch: True})

    assert passed_seconds(payment["created_at"], payment["valid_until"]) == pytest.approx(1, abs=0.1)


def test_a_buyer_who_pays_the_fees_pays_more(nowpayments: RunningNowPayments) -> None:
    assert nowpayments.payment(is_fee_paid_by_user=True)["pay_amount"] > nowpayments.payment()["pay_amount"]


def test_the_estimate_of_a_payment_stays_while_it_is_good(nowpayments: RunningNowPayments) -> None:
    payment = nowpayments.payment()

    answer = nowpayments.api("POST", f"/payment/{payment['payment_id']}/update-merchant-estimate", json={})

    assert differences(answer.json(), "api.payment.update-merchant-estimate.response") == {}
    assert answer.json()["pay_amount"] == payment["pay_amount"]
    assert answer.json()["expiration_estimate_date"] == payment["expiration_estimate_date"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"price_amount": None}, "price_amount is required"),
        ({"price_amount": "25"}, "price_amount must be a number"),
        ({"price_amount": 0}, "amount must be a positive number"),
        ({"price_currency": None}, "price_currency is required"),
        ({"pay_currency": None}, "pay_currency is required"),
        ({"order_id": 7}, "order_id must be a string"),
        ({"is_fixed_rate": "true"}, "is_fixed_rate must be a boolean"),
        ({"ipn_callback_url": "shop.example"}, "ipn_callback_url must be a valid uri"),
        ({"success_url": URL}, '"success_url" is not allowed'),
        ({"case": "luck"}, "case must be one of [success, failed, failure, partially_paid, common]"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused_with_the_reason(
    nowpayments: RunningNowPayments, body: dict[str, Any], complaint: str
) -> None:
    answer = nowpayments.api("POST", "/payment", json=nowpayments.wish(**{"pay_currency": "btc", **body}))

    expected = recorded("api.error.400.invalid-params") | {"message": complaint}
    assert (answer.status_code, answer.json()) == (400, expected)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/invoice", {"case": "success"}, 400),
        ("/invoice", {"success_url": "javascript:alert(1)"}, 400),
        ("/invoice-payment", {"iid": "1", "pay_currency": "btc"}, 404),
        ("/invoice-payment", {"pay_currency": "btc"}, 400),
    ],
)
def test_an_invoice_that_makes_no_sense_is_refused(
    nowpayments: RunningNowPayments, path: str, body: dict[str, Any], status: int
) -> None:
    fields = body if path == "/invoice-payment" else nowpayments.wish(**body)

    assert nowpayments.api("POST", path, json=fields).status_code == status


@pytest.mark.parametrize("body", [b"{", b"[]", b"7"])
def test_a_body_that_is_no_json_object_is_refused(nowpayments: RunningNowPayments, body: bytes) -> None:
    assert nowpayments.api("POST", "/payment", data=body).status_code == 400


def test_a_payment_below_the_minimum_is_refused_as_recorded(nowpayments: RunningNowPayments) -> None:
    answer = nowpayments.api("POST", "/payment", json=nowpayments.wish(pay_currency="btc", price_amount=5))

    assert (answer.status_code, answer.json()) == (400, recorded("api.error.400.amount-minimal"))


def test_a_coin_that_is_not_convertable_is_refused_as_recorded(nowpayments: RunningNowPayments) -> None:
    answer = nowpayments.api("GET", "/min-amount", params=minimum_of("luna"))

    assert (answer.status_code, answer.json()) == (400, recorded("api.error.400.not-convertable"))
    assert nowpayments.api("POST", "/payment", json=nowpayments.wish(pay_currency="luna")).status_code == 400


def test_a_coin_that_is_not_taken_is_unavailable(nowpayments: RunningNowPayments) -> None:
    answer = nowpayments.api("POST", "/payment", json=nowpayments.wish(pay_currency="doge"))

    assert (answer.status_code, answer.json()["code"]) == (400, "CURRENCY_UNAVAILABLE")


def test_coins_are_listed_in_three_manners(nowpayments: RunningNowPayments) -> None:
    codes = nowpayments.api("GET", "/currencies").json()["currencies"]
    selected = nowpayments.api("GET", "/merchant/coins").json()["selectedCurrencies"]
    full = nowpayments.api("GET", "/full-currencies").json()["currencies"]

    assert [code.upper() for code in codes] == selected == [each["code"] for each in full]
    recorded_one = recorded("api.full-currencies.response.live-shape")["currencies"][0]
    assert set(recorded_one) <= set(full[0])
    assert full[0]["network_precision"] == "8"


def test_the_minimum_depends_on_coin_and_switches(nowpayments: RunningNowPayments) -> None:
    usual, fixed, with_fee = (
        as_object(nowpayments.api("GET", "/min-amount", params=minimum_of("btc") | switches))
        for switches in ({}, {"is_fixed_rate": "true"}, {"is_fee_paid_by_user": "true"})
    )

    assert differences(usual, "api.min-amount.response.live-shape") == {}
    assert usual["fiat_equivalent"] == pytest.approx(12.9, abs=0.01)
    assert usual["min_amount"] < fixed["min_amount"] < with_fee["min_amount"]


def test_a_minimum_without_the_payout_coin_is_refused(nowpayments: RunningNowPayments) -> None:
    answer = nowpayments.api("GET", "/min-amount", params={"currency_from": "btc"})

    assert (answer.status_code, answer.json()["message"]) == (400, "currency_to is required")


def test_an_estimate_is_a_text(nowpayments: RunningNowPayments) -> None:
    query = {"amount": "25.00", "currency_from": "usd", "currency_to": "xrp"}

    estimate = as_object(nowpayments.api("GET", "/estimate", params=query))

    assert differences(estimate, "api.estimate.response.live-shape") == {}
    assert Decimal(estimate["estimated_amount"]) == Decimal("19.36121163")


@pytest.mark.parametrize("amount", ["", "0", "-1", "much", "NaN"])
def test_an_estimate_of_no_amount_is_refused(nowpayments: RunningNowPayments, amount: str) -> None:
    query = {"amount": amount, "currency_from": "usd", "currency_to": "xrp"}

    assert nowpayments.api("GET", "/estimate", params=query).status_code == 400


def test_a_number_is_printed_as_javascript_prints_it(nowpayments: RunningNowPayments) -> None:
    query = {"amount": "0.01", "currency_from": "usd", "currency_to": "btc"}
    minimum = nowpayments.api("GET", "/min-amount", params=minimum_of("eth", "btc")).text

    estimate = nowpayments.api("GET", "/estimate", params=query).text

    assert '"amount_from":0.01' in estimate
    assert "e-" not in minimum


def test_only_whoever_signs_in_may_list_payments(nowpayments: RunningNowPayments) -> None:
    answers = [
        nowpayments.api("GET", "/payment/", headers=headers)
        for headers in ({}, {"Authorization": "Bearer made.up.token"}, {"Authorization": "Basic x"})
    ]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].json() == recorded("api.error.401.jwt")
    assert nowpayments.api("GET", "/payment/", headers=nowpayments.token()).status_code == 200


def test_nobody_signs_in_with_another_password(nowpayments: RunningNowPayments) -> None:
    answer = nowpayments.api("POST", "/auth", json={"email": "merchant@example.com", "password": "SANDBOX"})

    assert answer.status_code == 403


def test_the_list_is_narrowed_sorted_and_cut_into_pages(nowpayments: RunningNowPayments) -> None:
    invoice = nowpayments.invoice()
    payments = [pay_for(nowpayments, invoice) for _ in range(3)]

    newest = nowpayments.listed(invoiceId=invoice["id"], orderBy="desc", limit=2)
    oldest = nowpayments.listed(invoiceId=invoice["id"], orderBy="desc", limit=2, page=1)

    assert [each["payment_id"] for each in newest["data"] + oldest["data"]] == payments[::-1]
    assert [newest[name] for name in ("limit", "page", "pagesCount", "total")] == [2, 0, 2, 3]
    assert set(recorded("api.payment.list.response")) == set(newest)


def test_the_list_is_narrowed_by_time(nowpayments: RunningNowPayments) -> None:
    payment = nowpayments.get(nowpayments.payment()["payment_id"])
    at = payment["created_at"]

    found = nowpayments.listed(dateFrom=at, dateTo=at, limit=500)["data"]

    assert payment["payment_id"] in [each["payment_id"] for each in found]
    assert {each["created_at"] for each in found} == {at}


def test_a_child_in_the_list_is_as_recorded(nowpayments: RunningNowPayments) -> None:
    child = nowpayments.act(nowpayments.paid(), "exact")

    [found] = [
        each for each in nowpayments.listed(limit=500)["data"] if each["payment_id"] == child["payment_id"]
    ]

    recorded_child = recorded("api.payment.list.response")["data"][1]
    assert set(recorded_child) <= set(found)
    assert found["origin_type"] == "REPEATED"


@pytest.mark.parametrize(
    ("query", "status"),
    [({"orderBy": "created_at"}, 500), ({"limit": "501"}, 400), ({"page": "x"}, 400), ({"sortBy": "x"}, 400),
     ({"dateFrom": "yesterday"}, 400)],
)  # fmt: skip
def test_a_list_that_makes_no_sense_is_refused(
    nowpayments: RunningNowPayments, query: dict[str, str], status: int
) -> None:
    nowpayments.payment()

    answer = nowpayments.api("GET", "/payment/", params=query, headers=nowpayments.token())

    assert answer.status_code == status


@pytest.mark.parametrize(("status", "retry_after"), [(429, "7"), (500, None), (503, None)])
def test_a_call_fails_as_told_in_nowpayments_shape(
    nowpayments: RunningNowPayments, status: int, retry_after: str | None
) -> None:
    nowpayments.fail(mode="fail", status=status, retry_after=retry_after, times=1)

    failed, next_one = (nowpayments.api("GET", "/merchant/coins") for _ in range(2))

    assert (failed.status_code, failed.headers.get("Retry-After")) == (status, retry_after)
    assert set(failed.json()) == set(recorded("api.error.404.payment"))
    assert next_one.status_code == 200


def minimum_of(coin: str, paid_out: str = "usdttrc20") -> dict[str, str]:
    return {"currency_from": coin, "currency_to": paid_out, "fiat_equivalent": "usd"}


def pay_for(nowpayments: RunningNowPayments, invoice: dict[str, Any]) -> int:
    body = {"iid": invoice["id"], "pay_currency": "usdttrc20"}
    payment = as_object(nowpayments.api("POST", "/invoice-payment", json=body), status=201)
    return int(payment["payment_id"])


def passed_seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
