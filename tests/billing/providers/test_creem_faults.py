"""Whatever goes wrong at the other end has its own error, bounded in time, and is asked again if harmless."""

import logging
import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from billing.providers import json_api
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
from billing.providers.protocol import CheckoutRequest, NewCheckout
from tests.billing.providers.conftest import hurried
from tests.billing.providers.recorded import Answer, RecordedServer, fixture, recorded
from tests.sandbox.running_creem import API_KEY, RunningCreem

WISH = CheckoutRequest(
    reference="ref-1", product_id="prod_standard", units=1, success_url="https://shop.example/orders/ref-1"
)
FIRST, SECOND = timedelta(milliseconds=500), timedelta(seconds=1)
ASK: dict[str, Callable[[Creem], object]] = {
    "create_checkout": lambda provider: provider.create_checkout(WISH),
    "get_checkout": lambda provider: provider.get_checkout("ch_1"),
    "get_product": lambda provider: provider.get_product("prod_standard"),
    "search_transactions": lambda provider: list(provider.search_transactions()),
}


def always(answer: Answer) -> RecordedServer:
    return RecordedServer(lambda _: answer)


def calls(creem: RunningCreem) -> list[dict[str, Any]]:
    return [entry for entry in creem.traffic() if entry["what"] == "api"]


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        ({"mode": "fail", "status": 429}, Reason.BUSY, 429),
        ({"mode": "fail", "status": 500}, Reason.FAILING, 500),
        ({"mode": "fail", "status": 503}, Reason.FAILING, 503),
        ({"mode": "fail", "status": 408}, Reason.FAILING, 408),
        ({"mode": "garbage"}, Reason.GARBLED, 200),
        ({"mode": "truncate"}, Reason.GARBLED, None),
        ({"mode": "reset"}, Reason.UNREACHABLE, None),
        ({"mode": "stall", "seconds": 60}, Reason.TIMED_OUT, None),
        ({"mode": "drip", "seconds": 0.02}, Reason.TIMED_OUT, None),
    ],
    ids=str,
)
def test_no_usable_answer_is_unavailable_with_the_reason(
    creem: RunningCreem,
    provider: Creem,
    ask: Callable[[Creem], object],
    fault: dict[str, Any],
    reason: Reason,
    status: int | None,
) -> None:
    creem.fail(**fault)

    with pytest.raises(ProviderUnavailable) as failure:
        ask(provider)

    assert (failure.value.reason, failure.value.status) == (reason, status)
    assert "/v1/" in failure.value.operation


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(ProviderUnavailable) as failure:
        hurried("http://127.0.0.1:9").get_product("prod_standard")

    assert failure.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_is_not_asked_again(creem: RunningCreem, provider: Creem, status: int) -> None:
    before = len(calls(creem))
    creem.fail(mode="fail", status=status)

    with pytest.raises(ProviderRefused) as failure:
        provider.get_product("prod_standard")

    assert (type(failure.value), failure.value.status) == (ProviderRefused, status)
    assert len(calls(creem)) - before == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken_is_told_from_all_other_refusals(
    creem: RunningCreem, provider: Creem, status: int
) -> None:
    creem.fail(mode="fail", status=status)

    with pytest.raises(KeyRefused):
        provider.create_checkout(WISH)


def test_a_wrong_key_is_refused(creem: RunningCreem) -> None:
    with pytest.raises(KeyRefused):
        hurried(creem.url, api_key="creem_test_wrong").get_product("prod_standard")


def test_what_is_not_there_is_told_from_all_other_refusals(provider: Creem) -> None:
    with pytest.raises(NotKnownThere) as failure:
        provider.get_checkout("ch_none")

    assert failure.value.messages == ("Checkout not found",)


@pytest.mark.parametrize("name", ["get_checkout", "get_product", "search_transactions"])
def test_a_question_is_asked_again_with_growing_pauses(
    creem: RunningCreem, provider: Creem, pauses: list[timedelta], name: str
) -> None:
    before = len(calls(creem))
    creem.fail(mode="fail", status=500)

    with pytest.raises(ProviderUnavailable):
        ASK[name](provider)

    assert pauses == [FIRST, SECOND]
    assert len(calls(creem)) - before == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "fail", "status": 500},
        {"mode": "garbage"},
        {"mode": "truncate"},
        {"mode": "reset"},
        {"mode": "stall"},
    ],
    ids=str,
)
def test_a_question_that_is_answered_at_last_is_answered(
    creem: RunningCreem, provider: Creem, fault: dict[str, Any]
) -> None:
    creem.fail(**fault, times=2)

    assert provider.get_product("prod_standard").id == "prod_standard"


@pytest.mark.parametrize("mode", ["fail", "garbage", "truncate", "reset", "stall"])
def test_a_checkout_is_asked_for_once(
    creem: RunningCreem, provider: Creem, pauses: list[timedelta], mode: str
) -> None:
    before = len(calls(creem))
    creem.fail(mode=mode, after_work=True, times=1)

    with pytest.raises(ProviderUnavailable):
        provider.create_checkout(WISH)

    assert pauses == []
    assert len(calls(creem)) - before == 1
    assert isinstance(provider.create_checkout(WISH), NewCheckout)


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_the_provider_asks_for_is_kept(
    creem: RunningCreem, provider: Creem, pauses: list[timedelta], status: int
) -> None:
    creem.fail(mode="fail", status=status, retry_after="3", times=1)

    provider.get_product("prod_standard")

    assert pauses == [timedelta(seconds=3)]


def test_a_long_pause_is_left_to_the_caller(
    creem: RunningCreem, provider: Creem, pauses: list[timedelta]
) -> None:
    creem.fail(mode="fail", status=429, retry_after="60", times=1)

    with pytest.raises(ProviderUnavailable) as failure:
        provider.get_product("prod_standard")

    assert (failure.value.retry_after_seconds, pauses) == (60, [])


@pytest.mark.parametrize("retry_after", ["soon", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "²", "9" * 5000])
def test_a_pause_that_is_no_number_of_seconds_is_not_believed(
    pauses: list[timedelta], retry_after: str
) -> None:
    with (
        RecordedServer(
            lambda _: Answer(429, b"{}", {"Retry-After": retry_after.encode().decode("latin-1")})
        ) as it,
        pytest.raises(ProviderUnavailable) as failure,
    ):
        hurried(it.url, sleep=pauses.append).get_product("prod_standard")

    assert failure.value.retry_after_seconds is None
    assert pauses == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("name", "status", "error", "messages"),
    [
        ("400", 400, ProviderRefused, ("The 'product_id' field is required.",)),
        (
            "400.validation",
            400,
            ProviderRefused,
            ("product_id must be a string", "success_url must be a valid URL"),
        ),
        ("400.duplicate", 400, ProviderRefused, ("A resource with this identifier already exists",)),
        (
            "400.customer-both",
            400,
            ProviderRefused,
            ("You may only specify one of these parameters: customer.id, customer.email",),
        ),
        ("401", 401, KeyRefused, ("Unauthorized",)),
        ("403", 403, KeyRefused, ("Forbidden",)),
        ("403.feature-gated", 403, KeyRefused, ("Bad Request",)),
        ("404", 404, NotKnownThere, ("Product not found",)),
    ],
)
def test_every_recorded_error_is_read_with_its_trace(
    name: str, status: int, error: type[ProviderError], messages: tuple[str, ...]
) -> None:
    with always(recorded(f"api.error.{name}", status=status)) as server, pytest.raises(error) as failure:
        hurried(server.url).create_checkout(WISH)

    assert type(failure.value) is error
    assert failure.value.messages == messages
    assert failure.value.trace_id == fixture(f"api.error.{name}")["trace_id"]
    assert failure.value.operation == "POST /v1/checkouts"
    assert str(failure.value.trace_id) in str(failure.value)


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b'{"message": "one text"}', ("one text",)),
        (b'{"message": ["a", 7, null, "b"]}', ("a", "b")),
        (b'{"error": {"code": "x"}}', ()),
        (b'["x"]', ()),
        (b"<html>", ()),
        (b"", ()),
    ],
)
def test_an_error_that_is_worded_differently_is_an_error_all_the_same(
    body: bytes, messages: tuple[str, ...]
) -> None:
    with always(Answer(400, body)) as server, pytest.raises(ProviderRefused) as failure:
        hurried(server.url).get_product("prod_standard")

    assert (failure.value.messages, failure.value.trace_id) == (messages, None)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"[]"),
        Answer(200, b""),
        Answer(204, b""),
        Answer(302, b"{}", {"Location": "https://elsewhere.example/"}),
        Answer(200, b'{"a": "' + b"x" * json_api.LARGEST_ANSWER_BYTES + b'"}'),
    ],
    ids=["list", "nothing", "no content", "redirect", "too large"],
)
def test_an_answer_that_is_none_is_garbled(answer: Answer) -> None:
    with always(answer) as server, pytest.raises(ProviderUnavailable) as failure:
        hurried(server.url).get_product("prod_standard")

    assert failure.value.reason is Reason.GARBLED


@pytest.mark.parametrize(
    "checkout",
    [
        {},
        {"id": "ch_1"},
        {"id": "ch_1", "checkout_url": "javascript:alert(1)"},
        {"checkout_url": "https://x"},
    ],
)
def test_a_checkout_without_a_page_is_garbled(checkout: dict[str, str]) -> None:
    with always(Answer(200, orjson.dumps(checkout))) as server, pytest.raises(ProviderUnavailable) as failure:
        hurried(server.url).create_checkout(WISH)

    assert failure.value.reason is Reason.GARBLED


@pytest.mark.parametrize(
    ("key", "mode", "is_ours"),
    [
        ("creem_test_x", "test", True),
        ("creem_test_x", "sandbox", True),
        ("creem_test_x", "brand new", True),
        ("creem_test_x", "prod", False),
        ("creem_x", "prod", True),
        ("creem_x", "test", False),
        ("creem_x", "local", False),
    ],
)
def test_an_answer_of_the_other_mode_is_refused(key: str, mode: str, *, is_ours: bool) -> None:
    product = fixture("api.products.get.response") | {"mode": mode}

    with always(Answer(200, orjson.dumps(product))) as server:
        provider = hurried(server.url, api_key=key)
        outcome = outcome_of(lambda: provider.get_product("prod_fixture_catalog"))

    assert (outcome is not WrongMode) == is_ours


def outcome_of(act: Callable[[], object]) -> type[object]:
    try:
        return type(act())
    except WrongMode:
        return WrongMode


def test_the_key_is_in_no_error_and_no_log_even_when_it_is_repeated_to_us(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    said = orjson.dumps({"message": [f"{API_KEY} is\nno good", "x" * 1000], "trace_id": API_KEY})

    with always(Answer(401, said)) as server:
        provider = hurried(server.url)
        with pytest.raises(KeyRefused) as failure:
            provider.get_product("prod_standard")

    assert failure.value.messages == ("*** is no good", "x" * 300)
    assert API_KEY not in f"{failure.value} {failure.value!r} {failure.value.args} {provider!r}"
    assert API_KEY not in caplog.text


def test_a_failure_is_logged_once_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    with always(recorded("api.error.404", status=404)) as server, pytest.raises(NotKnownThere):
        hurried(server.url).get_product("prod_1")

    [record] = [record for record in caplog.records if record.name.startswith("billing")]
    assert record.levelno == logging.WARNING
    assert "550e8400-e29b-41d4-a716-446655440000" in record.getMessage()
    assert "prod_1" not in record.getMessage()


def test_errors_travel_between_the_processes_of_a_worker() -> None:
    failure = ProviderUnavailable(operation="GET /v1/x", reason=Reason.BUSY, retry_after_seconds=7)

    copy = pickle.loads(pickle.dumps(failure))  # noqa: S301 - our own

    assert repr(copy) == repr(failure)
