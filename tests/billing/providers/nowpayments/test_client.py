"""What we ask of NowPayments, and how its answers are put together."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from billing.providers.errors import AmountTooSmall, ProviderUnavailable, Reason
from billing.providers.facts import CoinPayment, PaymentSucceeded
from billing.providers.nowpayments.client import NowPayments
from billing.providers.protocol import CheckoutStatus, NewCheckout
from tests.billing.providers.nowpayments.accounts import hurried, wish
from tests.billing.providers.nowpayments.conftest import as_recorded
from tests.billing.providers.nowpayments.on_record import changed, recorded
from tests.billing.providers.recorded import Answer, RecordedServer
from tests.sandbox.running_nowpayments import API_KEY, RunningNowPayments

WISHED = {
    "price_amount": 25.99,
    "price_currency": "usd",
    "order_id": "ref-1",
    "is_fixed_rate": False,
    "is_fee_paid_by_user": False,
    "ipn_callback_url": "https://shop.example/webhooks/nowpayments",
}
PAGE = "https://shop.example/orders/ref-1"


def test_an_invoice_is_asked_for_with_its_price_and_leads_back_to_the_order() -> None:
    with RecordedServer(as_recorded) as server:
        checkout = hurried(server.url).create_checkout(wish())

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/invoice")
    assert request.headers["x-api-key"] == API_KEY
    assert request.headers["Content-Type"] == "application/json"
    ways_back = {"success_url": PAGE, "cancel_url": PAGE, "partially_paid_url": PAGE}
    assert orjson.loads(request.body) == WISHED | ways_back
    assert checkout == NewCheckout(id="4522625843", url="https://nowpayments.io/payment/?iid=4522625843")


def test_a_payment_is_asked_for_in_the_coin_that_was_chosen() -> None:
    with RecordedServer(as_recorded) as server:
        payment = hurried(server.url).create_payment(wish(), coin="xrp")

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/payment")
    assert orjson.loads(request.body) == WISHED | {"pay_currency": "xrp"}
    assert (payment.id, payment.to_send(), payment.memo) == ("5745459419", Decimal("19.361212"), "2918473650")


@pytest.mark.parametrize(
    ("cents", "number"), [(1299, b"12.99"), (1000, b"10"), (1, b"0.01"), (10**12, b"10000000000")]
)
def test_a_price_is_sent_as_the_number_that_it_is(cents: int, number: bytes) -> None:
    with RecordedServer(as_recorded) as server:
        hurried(server.url).create_checkout(wish(amount_cents=cents))

    assert b'"price_amount":' + number + b"," in server.requests[0].body


@pytest.mark.parametrize("changes", [{"amount_cents": None}, {"currency": None}])
def test_without_a_price_nothing_is_asked_for(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="price"):
        hurried().create_checkout(wish(**changes))


def test_without_an_address_nothing_is_told_by_itself() -> None:
    with RecordedServer(as_recorded) as server:
        hurried(server.url, ipn_url="").create_payment(wish(), coin="xrp")

    assert "ipn_callback_url" not in orjson.loads(server.requests[0].body)


@pytest.mark.parametrize("switch", ["is_fixed_rate", "is_fee_paid_by_user"])
def test_the_switches_of_the_account_are_in_every_request(switch: str) -> None:
    switches: dict[str, Any] = {switch: True}

    with RecordedServer(as_recorded) as server:
        provider = hurried(server.url, **switches)
        provider.create_payment(wish(), coin="xrp")
        provider.get_minimum("btc")

    assert orjson.loads(server.requests[0].body)[switch] is True
    assert server.requests[1].query[switch] == "true"


def test_an_invoice_is_paid_on_our_own_page_too(
    nowpayments: RunningNowPayments, provider: NowPayments
) -> None:
    invoice = provider.create_checkout(wish())

    payment = provider.create_invoice_payment(invoice.id, coin="usdttrc20")

    assert (payment.invoice_id, payment.coin, payment.reference) == (None, "usdttrc20", "ref-1")
    assert provider.get_payment(payment.id).invoice_id == invoice.id


def test_an_amount_below_the_minimum_has_its_own_refusal(provider: NowPayments) -> None:
    with pytest.raises(AmountTooSmall) as refusal:
        provider.create_payment(wish(amount_cents=500), coin="btc")

    assert (refusal.value.status, refusal.value.operation) == (400, "POST /v1/payment")
    assert refusal.value.messages == ("AMOUNT_MINIMAL_ERROR", "amountTo is too small")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"payment_id": None},
        {"payment_id": "57.5"},
        {"pay_address": ""},
        {"pay_amount": 0},
        {"pay_amount": None},
        {"pay_currency": "btc"},
    ],
    ids=str,
)
def test_a_payment_that_cannot_be_paid_is_garbled(spoilt: dict[str, Any]) -> None:
    answer = changed("api.payment.create.response.full", **spoilt)

    with RecordedServer(lambda _: answer) as server, pytest.raises(ProviderUnavailable) as failure:
        hurried(server.url).create_payment(wish(), coin="xrp")

    assert (failure.value.reason, failure.value.operation) == (Reason.GARBLED, "POST /v1/payment")


@pytest.mark.parametrize(
    "spoilt", [{"id": None}, {"invoice_url": None}, {"invoice_url": "javascript:alert(1)"}]
)
def test_an_invoice_without_a_page_is_garbled(spoilt: dict[str, Any]) -> None:
    answer = changed("api.invoice.create.response", **spoilt)

    with RecordedServer(lambda _: answer) as server, pytest.raises(ProviderUnavailable) as failure:
        hurried(server.url).create_checkout(wish())

    assert failure.value.reason is Reason.GARBLED


def test_an_answer_about_another_payment_is_garbled() -> None:
    answer = recorded("api.payment.get.response.docs")

    with RecordedServer(lambda _: answer) as server, pytest.raises(ProviderUnavailable) as failure:
        hurried(server.url).get_payment("5745459419")

    assert failure.value.reason is Reason.GARBLED


@pytest.mark.parametrize(
    ("act", "status", "fact"),
    [
        ("exact", CheckoutStatus.COMPLETED, PaymentSucceeded),
        ("over", CheckoutStatus.COMPLETED, PaymentSucceeded),
        ("short", CheckoutStatus.COMPLETED, CoinPayment),
        ("dust", CheckoutStatus.COMPLETED, CoinPayment),
        ("expire", CheckoutStatus.EXPIRED, type(None)),
        ("fail", CheckoutStatus.EXPIRED, type(None)),
    ],
)
def test_a_payment_is_a_checkout(
    nowpayments: RunningNowPayments,
    provider: NowPayments,
    act: str,
    status: CheckoutStatus,
    fact: type[object],
) -> None:
    payment = provider.create_payment(wish(), coin="usdttrc20")
    nowpayments.act({"payment_id": payment.id}, act)

    state = provider.get_checkout(payment.id)

    assert (state.id, state.status, type(state.fact)) == (payment.id, status, fact)


@pytest.mark.parametrize("status", ["waiting", "confirming", "confirmed", "sending", "brand new"])
def test_a_payment_on_its_way_is_open(status: str) -> None:
    answer = changed("api.payment.get.response.live-shape", payment_status=status, actually_paid=20)

    with RecordedServer(lambda _: answer) as server:
        state = hurried(server.url).get_checkout("5745459419")

    assert (state.status, state.fact) == (CheckoutStatus.OPEN, None)


def test_only_open_coins_of_the_merchant_are_offered(provider: NowPayments) -> None:
    coins = {coin.code: coin for coin in provider.coins()}

    assert coins["xrp"].needs_memo
    assert (coins["usdttrc20"].places, coins["usdttrc20"].ticker) == (6, "usdt")


def test_a_minimum_is_asked_for_with_the_payout_coin() -> None:
    with RecordedServer(as_recorded) as server:
        minimum = hurried(server.url).get_minimum("btc")

    assert server.requests[0].query == {
        "currency_from": "btc",
        "currency_to": "usdttrc20",
        "fiat_equivalent": "usd",
        "is_fixed_rate": "false",
        "is_fee_paid_by_user": "false",
    }
    assert (minimum.amount, minimum.worth_cents) == (Decimal("0.0001701"), 1291)


def test_a_minimum_of_the_documented_shape_is_read_too() -> None:
    with RecordedServer(lambda _: recorded("api.min-amount.response")) as server:
        minimum = hurried(server.url).get_minimum("eth")

    assert (minimum.amount, minimum.worth_cents) == (Decimal("0.0078999"), 3541)


@pytest.mark.parametrize(("name", "estimated"), [("docs", "0.17061637"), ("live-shape", "19.36121163")])
def test_an_estimate_is_a_number_or_a_text(name: str, estimated: str) -> None:
    with RecordedServer(lambda _: recorded(f"api.estimate.response.{name}")) as server:
        found = hurried(server.url).estimate(amount_cents=2500, currency="USD", coin="xrp")

    assert found == Decimal(estimated)
    assert server.requests[0].query == {"amount": "25", "currency_from": "usd", "currency_to": "xrp"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda provider: provider.get_minimum("btc"),
        lambda provider: provider.estimate(amount_cents=1, currency="USD", coin="btc"),
        lambda provider: provider.refresh_amount("1"),
    ],
)
def test_an_amount_that_is_not_said_is_garbled(ask: Any) -> None:
    with (
        RecordedServer(lambda _: Answer(200, b'{"x": 1}')) as server,
        pytest.raises(ProviderUnavailable) as failure,
    ):
        ask(hurried(server.url))

    assert failure.value.reason is Reason.GARBLED


def test_an_amount_is_refreshed_for_a_payment() -> None:
    with RecordedServer(as_recorded) as server:
        refreshed = hurried(server.url).refresh_amount("4455667788")

    assert server.requests[0].path == "/v1/payment/4455667788/update-merchant-estimate"
    assert (refreshed.asked, refreshed.estimate_until) == (
        Decimal("0.04671013"),
        datetime(2022, 8, 12, 13, 14, 28, 536000, tzinfo=UTC),
    )


@pytest.mark.parametrize(("body", "is_up"), [(b'{"message": "OK"}', True), (b'{"message": "DOWN"}', False)])
def test_the_api_says_whether_it_is_up(body: bytes, *, is_up: bool) -> None:
    with RecordedServer(lambda _: Answer(200, body)) as server:
        assert hurried(server.url).is_up() is is_up


def test_what_is_no_json_is_not_sent() -> None:
    with pytest.raises(TypeError):
        hurried()._api.post("/v1/invoice", {"price_amount": object()})
