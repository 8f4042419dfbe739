"""The fault table: whatever breaks, the caller hears it, the charge is right, and no hold is left.

That no hold is left, and that the books verify, is asserted by the `gateway` fixture for every test here.
"""

import socket

import pytest
import requests

from ledger.models import Hold, KeyAllowance, UsageRecord
from tests import checker
from tests.factories.gateway import PAID_MODEL, PRICES, Buyer
from tests.gateway.evidence import (
    cost_of,
    line_of,
    listen,
    tokens,
    wait_until,
    wait_until_nothing_is_held,
)
from tests.gateway.running import RunningGateway
from tests.sandbox.running import RunningSandbox

BEFORE_THE_FIRST_BYTE = [
    ({"mode": "fail", "status": 500}, 502, "upstream_unavailable"),
    ({"mode": "fail", "status": 401}, 502, "upstream_unavailable"),
    ({"mode": "fail", "status": 404}, 502, "upstream_unavailable"),
    ({"mode": "fail", "status": 429}, 503, "upstream_busy"),
    ({"mode": "fail", "status": 503}, 503, "upstream_busy"),
    ({"mode": "fail", "status": 422}, 422, None),
    ({"mode": "reset_before_first_byte"}, 502, "upstream_unavailable"),
    ({"mode": "stall", "seconds": 30}, 504, "upstream_timeout"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(("order", "status", "code"), BEFORE_THE_FIRST_BYTE, ids=str)
def test_what_fails_before_the_first_byte_costs_nothing(
    hasty: None, gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer,
    order: dict[str, object], status: int, code: str | None, stream: object,
) -> None:  # fmt: skip
    sandbox.behave(**order)
    before = buyer.balance

    answer = gateway.chat(buyer.key, stream=stream)

    wait_until_nothing_is_held()
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (before - buyer.balance, UsageRecord.objects.count()) == (0, 0)
    assert KeyAllowance.objects.get().requests == 0


def test_a_plain_answer_that_comes_in_part_costs_nothing(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    sandbox.behave(mode="fail_mid_stream")
    before = buyer.balance

    answer = gateway.chat(buyer.key)

    wait_until_nothing_is_held()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_failed")
    assert before == buyer.balance


@pytest.mark.parametrize("ending", ["cut", "reset", "error_frame", "silence"])
def test_a_stream_that_breaks_off_says_so_and_costs_what_came(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, ending: str
) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=4, ending=ending)
    before = buyer.balance

    heard = listen(gateway.chat(buyer.key, "[[tokens:9]] [[pace_ms:30]]", stream=True))

    line = line_of(heard.request_id)
    assert heard.error_code == "upstream_failed"
    assert (line.outcome, line.is_estimated) == ("upstream_failed", True)
    assert line.output_tokens == tokens(heard.text) > 0
    assert before - buyer.balance == cost_of(line) > 0


def test_a_stream_that_falls_silent_is_ended(
    hasty: None, gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    sandbox.behave(mode="stall", after_chunks=4, seconds=30)

    heard = listen(gateway.chat(buyer.key, "[[tokens:9]]", stream=True))

    assert heard.error_code == "upstream_timeout"
    assert line_of(heard.request_id).outcome == "upstream_failed"
    assert sandbox.last_call()["outcome"] == "stalled"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_missing_usage_is_estimated(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, stream: object
) -> None:
    sandbox.behave(mode="omit_usage")
    before = buyer.balance

    answer = gateway.chat(buyer.key, "Seven words make up this short question", stream=stream, n=2)
    request_id = answer.headers["x-request-id"]
    assert b"Seven" in answer.content

    line = line_of(request_id)
    assert (line.outcome, line.is_estimated) == ("complete", True)
    assert line.output_tokens == 2 * tokens("Seven words make up this short question")
    assert line.input_tokens == tokens("Seven words make up this short question") + 4
    assert before - buyer.balance == cost_of(line)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -5, "completion_tokens": 2},
        "many",
        {"prompt_tokens": 10**15, "completion_tokens": 1},
    ],
)
def test_usage_that_cannot_be_true_is_estimated(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, usage: object
) -> None:
    sandbox.behave(mode="usage", usage=usage)

    line = line_of(gateway.chat(buyer.key).headers["x-request-id"])

    assert (line.is_estimated, line.input_tokens) == (True, tokens("Hello there") + 4)


def test_a_report_beyond_the_hold_costs_the_hold_and_no_more(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    sandbox.behave(mode="usage", usage={"prompt_tokens": 10**8, "completion_tokens": 1})
    before = buyer.balance

    line = line_of(gateway.chat(buyer.key, max_tokens=10).headers["x-request-id"])

    assert line.uncharged_nano_usd > 0
    assert line.cost_nano_usd + line.uncharged_nano_usd == 10**8 * 450 + 450
    assert before - buyer.balance == line.cost_nano_usd < 100 * 450 * 10


def test_a_caller_who_leaves_before_the_first_byte_pays_the_prompt(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    sandbox.behave(mode="stall", seconds=30)
    before = buyer.balance

    with pytest.raises(requests.Timeout):
        requests.post(
            f"{gateway.base_url}/chat/completions",
            headers={"Authorization": f"Bearer {buyer.key}"},
            json={"model": PAID_MODEL, "messages": [{"role": "user", "content": "Hello there"}]},
            timeout=0.5,
        )

    line = line_of(sandbox.last_call()["request_id"])
    assert (line.outcome, line.is_estimated) == ("client_gone", True)
    assert (line.input_tokens, line.output_tokens) == (tokens("Hello there") + 4, 0)
    assert before - buyer.balance == cost_of(line) > 0


def test_a_caller_who_leaves_in_mid_stream_ends_the_upstream_s_work_and_pays_what_came(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    before = buyer.balance

    with gateway.chat(buyer.key, "[[tokens:500]] [[pace_ms:20]]", stream=True) as answer:
        lines = answer.iter_lines()
        heard = [next(lines) for _ in range(20)]

    call = sandbox.last_call()
    line = line_of(answer.headers["x-request-id"])
    assert call["outcome"] == "client_gone"
    assert call["usage"]["completion_tokens"] < 100
    assert (line.outcome, line.is_estimated, line.upstream_id) == ("client_gone", True, call["id"])
    assert sum(b"word" in line for line in heard) <= line.output_tokens <= call["usage"]["completion_tokens"]
    assert before - buyer.balance == cost_of(line)


def test_a_caller_who_leaves_after_the_end_pays_as_everybody(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    before = buyer.balance

    with gateway.chat(buyer.key, stream=True) as answer:
        end = next(line for line in answer.iter_lines() if line == b"data: [DONE]")

    assert end
    assert line_of(answer.headers["x-request-id"]).outcome == "complete"
    assert before - buyer.balance == checker.owed_nano_usd([sandbox.last_call()], PRICES)


def test_a_caller_who_leaves_before_the_body_is_sent_costs_nobody_anything(
    shop: None, buyer: Buyer, caplog: pytest.LogCaptureFixture
) -> None:
    with RunningGateway() as gateway:
        with socket.create_connection(("127.0.0.1", gateway.port)) as caller:
            caller.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
                b"Authorization: Bearer " + buyer.key.encode() + b"\r\n\r\n{"
            )
        wait_until(lambda: "code=caller_gone" in caplog.text)

    assert not Hold.objects.exists()
