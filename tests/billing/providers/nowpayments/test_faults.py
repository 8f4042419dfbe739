"""Whatever goes wrong at NowPayments has its own error, bounded in time, and tells none of our secrets."""

import logging
import pickle
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from billing.providers.errors import (
    AmountTooSmall,
    KeyRefused,
    NotKnownThere,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Reason,
)
from billing.providers.nowpayments.client import NowPayments
from billing.providers.patience import Patience
from tests.billing.providers.nowpayments.accounts import ACCOUNT, LOGIN, hurried, wish
from tests.billing.providers.nowpayments.on_record import fixture, names, recorded
from tests.billing.providers.recorded import Answer, RecordedServer
from tests.sandbox.running_nowpayments import API_KEY, PASSWORD, RunningNowPayments

ASK: dict[str, Callable[[NowPayments], object]] = {
    "create_checkout": lambda provider: provider.create_checkout(wish()),
    "create_payment": lambda provider: provider.create_payment(wish(), coin="btc"),
    "create_invoice_payment": lambda provider: provider.create_invoice_payment("1", coin="btc"),
    "get_checkout": lambda provider: provider.get_checkout("1"),
    "confirm": lambda provider: provider.confirm(b'{"payment_id": 1}'),
    "list_payments": lambda provider: list(provider.list_payments()),
    "coins": lambda provider: provider.coins(),
    "get_minimum": lambda provider: provider.get_minimum("btc"),
    "estimate": lambda provider: provider.estimate(amount_cents=1, currency="USD", coin="btc"),
    "refresh_amount": lambda provider: provider.refresh_amount("1"),
    "is_up": lambda provider: provider.is_up(),
}
ONCE = ["create_checkout", "create_payment", "create_invoice_payment", "list_payments", "refresh_amount"]
ERRORS: list[tuple[str, type[ProviderError], tuple[str, ...]]] = [
    ("400.amount-minimal", AmountTooSmall, ("AMOUNT_MINIMAL_ERROR", "amountTo is too small")),
    (
        "400.bad-address",
        ProviderRefused,
        ("BAD_CREATE_WITHDRAWAL_REQUEST", "Invalid payout_address: [currency] [address]"),
    ),
    ("400.invalid-params", ProviderRefused, ("INVALID_REQUEST_PARAMS", "price_amount is required")),
    (
        "400.not-convertable",
        ProviderRefused,
        ("BAD_REQUEST", "Currency luna is not convertable to usdttrc20 now"),
    ),
    (
        "400.subscription-plan-currency",
        ProviderRefused,
        (
            "INVALID_REQUEST_PARAMS",
            "For email subscriptions, only fiat currencies are available in plan",
        ),
    ),
    (
        "401.jwt",
        KeyRefused,
        ("AUTH_REQUIRED", "Authorization header is empty (Bearer JWTtoken is required)"),
    ),
    ("403.invalid-api-key", KeyRefused, ("INVALID_API_KEY", "Invalid api key")),
    ("404.payment", NotKnownThere, ("NOT_FOUND", "Payment not found")),
    ("404.subscription", NotKnownThere, ("NOT_FOUND", "subscription not found")),
]


def always(answer: Answer) -> RecordedServer:
    return RecordedServer(lambda _: answer)


def calls(nowpayments: RunningNowPayments) -> list[dict[str, Any]]:
    return [entry for entry in nowpayments.traffic() if entry["what"] == "api"]


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"mode": "fail", "status": 429}, Reason.BUSY),
        ({"mode": "fail", "status": 500}, Reason.FAILING),
        ({"mode": "garbage"}, Reason.GARBLED),
        ({"mode": "truncate"}, Reason.GARBLED),
        ({"mode": "reset"}, Reason.UNREACHABLE),
    ],
    ids=str,
)
def test_no_usable_answer_is_unavailable_with_the_reason(
    nowpayments: RunningNowPayments,
    provider: NowPayments,
    ask: Callable[[NowPayments], object],
    fault: dict[str, Any],
    reason: Reason,
) -> None:
    nowpayments.fail(**fault)

    with pytest.raises(ProviderUnavailable) as failure:
        ask(provider)

    assert failure.value.reason is reason
    assert "/v1/" in failure.value.operation


def test_a_stall_is_not_waited_for(nowpayments: RunningNowPayments, provider: NowPayments) -> None:
    nowpayments.fail(mode="stall", seconds=60, times=1)

    with pytest.raises(ProviderUnavailable) as failure:
        provider.create_payment(wish(), coin="btc")

    assert failure.value.reason is Reason.TIMED_OUT


@pytest.mark.parametrize("name", ONCE)
def test_what_may_have_been_done_is_asked_for_once(
    nowpayments: RunningNowPayments, provider: NowPayments, pauses: list[timedelta], name: str
) -> None:
    before = len(calls(nowpayments))
    nowpayments.fail(mode="fail", status=500)

    with pytest.raises(ProviderUnavailable):
        ASK[name](provider)

    assert (pauses, len(calls(nowpayments)) - before) == ([], 1)


@pytest.mark.parametrize("name", [name for name in ASK if name not in ONCE])
def test_a_question_is_asked_again(
    nowpayments: RunningNowPayments, provider: NowPayments, pauses: list[timedelta], name: str
) -> None:
    before = len(calls(nowpayments))
    nowpayments.fail(mode="fail", status=500)

    with pytest.raises(ProviderUnavailable):
        ASK[name](provider)

    assert (len(pauses), len(calls(nowpayments)) - before) == (2, 3)


def test_without_anything_said_it_really_pauses(nowpayments: RunningNowPayments) -> None:
    nowpayments.fail(mode="fail", times=1)
    patience = Patience(first_pause=timedelta(milliseconds=20))
    provider = NowPayments(ACCOUNT, base_url=nowpayments.url, patience=patience)
    asked_at = time.monotonic()

    provider.coins()

    assert time.monotonic() - asked_at >= 0.02


@pytest.mark.parametrize(("name", "error", "messages"), ERRORS)
def test_every_recorded_error_is_read_with_its_code(
    name: str, error: type[ProviderError], messages: tuple[str, ...]
) -> None:
    status = int(name[:3])

    answer = recorded(f"api.error.{name}", status=status)

    assert fixture(f"api.error.{name}")["statusCode"] == status
    with always(answer) as server, pytest.raises(error) as failure:
        hurried(server.url).create_payment(wish(), coin="btc")
    assert type(failure.value) is error
    assert (failure.value.status, failure.value.messages) == (status, messages)


@pytest.mark.parametrize("body", [b'{"message": 7}', b'["x"]', b"<html>", b""])
def test_an_error_that_is_worded_differently_is_an_error_all_the_same(body: bytes) -> None:
    with always(Answer(400, body)) as server, pytest.raises(ProviderRefused) as failure:
        hurried(server.url).get_payment("1")

    assert failure.value.messages == ()


OTHERS = [
    "api.auth.response",
    "api.balance.response",
    "api.currencies.response",
    "api.subscriptions.create.response",
    "api.subscriptions.list.response",
    "api.subscriptions.plans.create.response",
]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    "ask", ["create_checkout", "create_payment", "get_checkout", "get_minimum", "refresh_amount"]
)
def test_an_answer_to_another_question_is_garbled(name: str, ask: str) -> None:
    with always(recorded(name)) as server, pytest.raises(ProviderUnavailable) as failure:
        ASK[ask](hurried(server.url))

    assert failure.value.reason is Reason.GARBLED


def test_no_secret_is_in_an_error_or_a_log_even_when_it_is_repeated_to_us(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    said = orjson.dumps({"code": API_KEY, "message": f"{PASSWORD} is\nno good"})

    with always(Answer(401, said)) as server:
        provider = hurried(server.url, login=LOGIN)
        with pytest.raises(KeyRefused) as failure:
            list(provider.list_payments())

    assert failure.value.messages == ("***", "*** is no good")
    shown = f"{failure.value} {failure.value!r} {provider!r} {caplog.text}"
    assert [secret for secret in (API_KEY, f"{PASSWORD} is") if secret in shown] == []


def test_the_refusal_of_an_amount_travels_between_the_processes_of_a_worker() -> None:
    refusal = AmountTooSmall(operation="POST /v1/payment", status=400, messages=("x",))

    copy = pickle.loads(pickle.dumps(refusal))  # noqa: S301 - our own

    assert repr(copy) == repr(refusal)


def test_every_error_on_record_is_read_above() -> None:
    assert {f"api.error.{name}" for name, *_ in ERRORS} == set(names("api.error."))
