"""Our calls and the sandbox's answers are as NowPayments documents them, as far as it does."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from billing.providers.errors import ProviderRefused
from billing.providers.nowpayments.client import NowPayments
from tests.billing.providers.nowpayments.accounts import LOGIN, hurried, wish
from tests.billing.providers.nowpayments.documented import OPERATIONS, complaints, unlike
from tests.billing.providers.nowpayments.on_record import fixture
from tests.sandbox.running_nowpayments import RunningNowPayments

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CALLS: dict[str, tuple[set[str], Callable[[NowPayments, str, str], object]]] = {
    "invoice": ({"/invoice"}, lambda it, payment, invoice: it.create_checkout(wish())),
    "payment": ({"/payment"}, lambda it, payment, invoice: it.create_payment(wish(), coin="xrp")),
    "invoice payment": (
        {"/invoice-payment"},
        lambda it, payment, invoice: it.create_invoice_payment(invoice, coin="usdttrc20"),
    ),
    "get": ({"/payment/{id}"}, lambda it, payment, invoice: it.get_payment(payment)),
    "list": ({"/auth", "/payment/"}, lambda it, payment, invoice: list(it.list_payments(invoice_id=invoice))),
    "list by time": (
        {"/auth", "/payment/"},
        lambda it, payment, invoice: list(it.list_payments(since=LONG_AGO, until=datetime.now(UTC))),
    ),
    "confirm": (
        {"/payment/{id}"},
        lambda it, payment, invoice: it.confirm(orjson.dumps({"payment_id": int(payment)})),
    ),
    "coins": ({"/merchant/coins", "/full-currencies"}, lambda it, payment, invoice: it.coins()),
    "minimum": ({"/min-amount"}, lambda it, payment, invoice: it.get_minimum("btc")),
    "estimate": (
        {"/estimate"},
        lambda it, payment, invoice: it.estimate(amount_cents=2599, currency="EUR", coin="btc"),
    ),
    "refresh": (
        {"/payment/{id}/update-merchant-estimate"},
        lambda it, payment, invoice: it.refresh_amount(payment),
    ),
    "status": ({"/status"}, lambda it, payment, invoice: it.is_up()),
}
REFUSED: dict[str, tuple[int, str, Callable[[NowPayments, str], object]]] = {
    "unknown payment": (404, "api.error.404.payment", lambda it, url: it.get_payment("1000000000")),
    "too small": (
        400,
        "api.error.400.amount-minimal",
        lambda it, url: it.create_payment(wish(amount_cents=100), coin="btc"),
    ),
    "not convertable": (400, "api.error.400.not-convertable", lambda it, url: it.get_minimum("luna")),
    "no such coin": (
        400,
        "api.error.400.invalid-params",
        lambda it, url: it.create_payment(wish(), coin="doge"),
    ),
    "wrong key": (403, "api.error.403.invalid-api-key", lambda it, url: hurried(url, api_key="X").coins()),
}


def calls_during(nowpayments: RunningNowPayments, act: Callable[[], object]) -> list[dict[str, Any]]:
    last = max((entry["number"] for entry in nowpayments.traffic()), default=0)
    act()
    return [entry for entry in nowpayments.traffic(since=last) if entry["what"] == "api"]


def paths(calls: list[dict[str, Any]], payment_id: str) -> set[str]:
    return {call["path"].removeprefix("/nowpayments/v1").replace(payment_id, "{id}") for call in calls}


@pytest.mark.parametrize(("asked", "ask"), CALLS.values(), ids=CALLS)
def test_what_we_ask_and_what_is_answered_conforms(
    nowpayments: RunningNowPayments,
    provider: NowPayments,
    asked: set[str],
    ask: Callable[[NowPayments, str, str], object],
) -> None:
    invoice_id = provider.create_checkout(wish()).id
    payment_id = provider.create_invoice_payment(invoice_id, coin="btc").id

    calls = calls_during(nowpayments, lambda: ask(provider, payment_id, invoice_id))

    assert paths(calls, payment_id) == asked
    assert [complaint for call in calls for complaint in complaints(call)] == []


@pytest.mark.parametrize("act", ["exact", "short", "over", "dust", "wrong", "expire", "fail"])
@pytest.mark.parametrize("coin", ["usdttrc20", "xrp"])
def test_a_payment_conforms_whatever_became_of_it(
    nowpayments: RunningNowPayments, provider: NowPayments, act: str, coin: str
) -> None:
    payment = nowpayments.paid(act, pay_currency=coin)

    calls = calls_during(nowpayments, lambda: provider.get_checkout(str(payment["payment_id"])))

    assert [complaint for call in calls for complaint in complaints(call)] == []


@pytest.mark.parametrize(("status", "name", "ask"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_as_recorded(
    nowpayments: RunningNowPayments,
    provider: NowPayments,
    status: int,
    name: str,
    ask: Callable[[NowPayments, str], object],
) -> None:
    def act() -> None:
        with pytest.raises(ProviderRefused):
            ask(provider, nowpayments.url)

    [call] = calls_during(nowpayments, act)

    assert call["status"] == status
    assert list(unlike(fixture(name), orjson.loads(call["answer"]), where="answer")) == []


def test_whoever_may_not_list_is_refused_as_recorded(nowpayments: RunningNowPayments) -> None:
    [call] = calls_during(nowpayments, lambda: nowpayments.api("GET", "/payment/"))

    assert orjson.loads(call["answer"]) == fixture("api.error.401.jwt")
    assert LOGIN.password not in str(call)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("POST /invoice", "api.invoice.create.request"),
        ("POST /payment", "api.payment.create.request"),
        ("POST /invoice-payment", "api.invoice-payment.create.request"),
    ],
)
def test_what_is_on_record_conforms(operation: str, name: str) -> None:
    method, path = operation.split()
    answer = fixture(OPERATIONS[operation].answer)

    assert complaints(call_of(method, path, body=fixture(name), status=201, answer=answer)) == []


PAYMENT = fixture("api.payment.get.response.live-shape")


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/nowpayments/v1/payments/5745459419"},
        {"method": "PUT"},
        {"query": {"x": "1"}},
        {"status": 201},
        {"answer": b"{}"},
        {"answer": orjson.dumps(PAYMENT | {"payment_id": "5745459419"})},
        {"answer": orjson.dumps(PAYMENT | {"extra": 1})},
    ],
    ids=str,
)
def test_a_bad_call_is_found_bad(changes: dict[str, Any]) -> None:
    good = call_of("GET", "/payment/5745459419", status=200, answer=PAYMENT)

    assert complaints(good) == []
    assert complaints(good | changes) != []


@pytest.mark.parametrize(
    "changes",
    [{"price_amount": "25"}, {"price_amount": None}, {"priceAmount": 25}, {"is_fixed_rate": "true"}],
)
def test_a_bad_wish_is_found_bad(changes: dict[str, Any]) -> None:
    body = {"price_amount": 25, "price_currency": "usd", "pay_currency": "btc"} | changes
    answer = fixture("api.payment.create.response")

    assert complaints(call_of("POST", "/payment", body=body, status=201, answer=answer)) != []


def call_of(method: str, path: str, *, body: Any = None, status: int, answer: Any) -> dict[str, Any]:
    return {
        "method": method,
        "path": f"/nowpayments/v1{path}",
        "query": {},
        "body": orjson.dumps(body).decode() if body is not None else "",
        "status": status,
        "answer": orjson.dumps(answer).decode(),
    }
