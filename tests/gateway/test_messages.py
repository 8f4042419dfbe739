"""Anthropic's surface, on upstreams of either protocol: what clients see, what is charged."""

import re
from typing import Any

import anthropic
import orjson
import pytest
import requests

from gateway.models import Channel, Protocol
from ledger.models import LanguageModel, UsageRecord
from tests import checker
from tests.factories import gateway as make
from tests.factories.gateway import MESSAGE_MODEL, PAID_MODEL, PRICES, Buyer
from tests.gateway.evidence import line_of, tokens, wait_until_nothing_is_held
from tests.gateway.running import RunningGateway
from tests.gateway.scripted_upstream import ScriptedUpstream, whole
from tests.sandbox.running import RunningSandbox, named_events

pytestmark = pytest.mark.usefixtures("surfaces")

BOTH = pytest.mark.parametrize("model", [MESSAGE_MODEL, PAID_MODEL])
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
# Split characters, astral and combining ones, and a megabyte in one piece.
HARD_TEXT = f'naïve 你好 😀 e\u0301 \\ " \u2028 {"x" * 1_000_000}'


def owed(sandbox: RunningSandbox) -> int:
    return checker.owed_nano_usd([sandbox.last_call()], PRICES)


@BOTH
@STREAMED
def test_a_message_is_answered_and_charged(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, model: str, stream: object
) -> None:
    before = buyer.balance

    answer = gateway.message(buyer.key, model=model, stream=stream)

    assert b"Hello" in answer.content
    assert answer.headers["request-id"] == answer.headers["x-request-id"]
    line = line_of(answer.headers["x-request-id"])
    assert (line.outcome, line.is_estimated) == ("complete", False)
    assert before - buyer.balance == owed(sandbox) > 0


@STREAMED
def test_what_the_upstream_sends_arrives_byte_for_byte(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, stream: object
) -> None:
    ours = gateway.message(buyer.key, HARD_TEXT, stream=stream)
    theirs = sandbox.message(HARD_TEXT, model=MESSAGE_MODEL, stream=stream)

    assert without_names(ours.content) == without_names(theirs.content)
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def without_names(body: bytes) -> bytes:
    """Return an answer without its id and without what was cached, which differ between two calls."""
    return re.sub(rb'msg_\w+|"(input_tokens|cache_\w+_input_tokens)":\d+', b"", body)


def test_what_is_cut_anywhere_on_its_way_arrives_whole(gateway: RunningGateway, buyer: Buyer) -> None:
    text = "[[write_bytes:3]] [[escape]] cut 😀 anywhere 你好"

    heard = named_events(gateway.message(buyer.key, text, stream=True))

    said = "".join(data["delta"].get("text", "") for name, data in heard if name == "content_block_delta")
    assert "cut 😀 anywhere 你好" in said
    assert heard[-1][0] == "message_stop"


@BOTH
def test_the_caller_has_the_end_only_when_the_call_is_charged(
    gateway: RunningGateway, buyer: Buyer, model: str
) -> None:
    with gateway.message(buyer.key, model=model, stream=True) as answer:
        end = next(line for line in answer.iter_lines() if line == b"event: message_stop")
        booked = UsageRecord.objects.filter(request_id=answer.headers["x-request-id"]).exists()

    assert end
    assert booked


def test_what_the_model_remembers_and_learns_costs_its_own_rates(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    remembered: dict[str, Any] = {
        "system": [{"type": "text", "text": "Be brief. " * 50, "cache_control": {"type": "ephemeral"}}]
    }
    first = gateway.message(buyer.key, **remembered)
    before = buyer.balance

    second = gateway.message(buyer.key, **remembered)

    learned, read = line_of(first.headers["request-id"]), line_of(second.headers["request-id"])
    assert (learned.cached_input_tokens, read.cache_write_tokens) == (0, 0)
    assert learned.cache_write_tokens == read.cached_input_tokens > 50
    assert before - buyer.balance == owed(sandbox)


@STREAMED
def test_reasoning_is_counted_within_the_output(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, stream: object
) -> None:
    answer = gateway.message(
        buyer.key,
        "[[reasoning:30]] [[tokens:5]]",
        model=PAID_MODEL,
        stream=stream,
        thinking={"type": "adaptive"},
    )

    assert answer.status_code == 200, answer.content
    line = line_of(answer.headers["request-id"])
    assert line.reasoning_tokens == 30
    assert line.output_tokens == sandbox.last_call()["reported_usage"]["completion_tokens"] >= 35


def test_thoughts_that_nobody_signed_are_not_sent_to_whoever_checks_signatures(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    ours = {"type": "thinking", "thinking": "so it is", "signature": "unsigned:reasoning_content"}
    theirs = {"type": "thinking", "thinking": "and so", "signature": "c2lnbmVk"}
    with_thoughts, without = (
        gateway.message(
            buyer.key,
            messages=[
                {"role": "user", "content": "hello"},
                {"role": "assistant", "content": [*thoughts, theirs, {"type": "text", "text": "hi"}]},
                {"role": "user", "content": "go on"},
            ],
        )
        for thoughts in ([ours], [])
    )

    assert with_thoughts.json()["usage"] == without.json()["usage"]


def test_headers_of_anthropic_s_pass_and_the_caller_s_key_does_not(
    gateway: RunningGateway, buyer: Buyer
) -> None:
    answer = orjson.dumps(
        {"id": "msg_1", "type": "message", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}
    )
    with ScriptedUpstream(whole(answer)) as upstream:
        Channel.objects.update(is_enabled=False)
        make.channel(upstream.url, make.model("m"), protocol=Protocol.ANTHROPIC)
        gateway.run(gateway.engine.catalogue.refresh())
        headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "one,two", "x-app": "cli"}

        gateway.request(
            "POST", "/messages", buyer.key, headers=headers,
            data=b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}],"new_field":[1]}',
        )  # fmt: skip

    [heard] = upstream.heard
    head, _, body = heard.lower().partition(b"\r\n\r\n")
    assert b"post /v1/messages http" in head
    assert b"anthropic-version: 2026-10-21" in head
    assert b"anthropic-beta: one,two" in head
    assert b"x-app" not in head
    assert buyer.key.lower().encode() not in head
    assert b'"new_field":[1]' in body


FAILING = [
    ({"mode": "fail", "status": 500}, 502, "api_error"),
    ({"mode": "fail", "status": 429}, 503, "overloaded_error"),
    ({"mode": "reset_before_first_byte"}, 502, "api_error"),
    ({"mode": "fail", "status": 413}, 413, "request_too_large"),
]


@BOTH
@pytest.mark.parametrize(("order", "status", "kind"), FAILING, ids=str)
def test_what_fails_before_the_first_byte_costs_nothing(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, model: str,
    order: dict[str, object], status: int, kind: str,
) -> None:  # fmt: skip
    sandbox.behave(**order)
    before = buyer.balance

    answer = gateway.message(buyer.key, model=model, stream=True)

    wait_until_nothing_is_held()
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)
    assert answer.json()["request_id"] == answer.headers["request-id"]
    assert before == buyer.balance


@BOTH
@pytest.mark.parametrize("ending", ["cut", "reset", "error_frame", "silence"])
def test_a_stream_that_breaks_off_says_so_and_costs_what_came(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, model: str, ending: str
) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=7, ending=ending)
    before = buyer.balance

    answer = gateway.message(buyer.key, "[[tokens:20]] [[pace_ms:10]]", model=model, stream=True)
    *events, (name, error) = named_events(answer)

    said = "".join(data["delta"].get("text", "") for kind, data in events if kind == "content_block_delta")
    line = line_of(answer.headers["request-id"])
    assert (name, error["error"]["code"]) == ("error", "upstream_failed")
    assert (line.outcome, line.is_estimated) == ("upstream_failed", True)
    assert line.output_tokens == tokens(said) > 0
    assert before - buyer.balance == line.cost_nano_usd > 0


def test_of_a_message_that_broke_off_the_upstream_s_own_count_of_the_input_is_charged(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=7, ending="cut")

    answer = gateway.message(buyer.key, "[[tokens:20]]", stream=True)

    assert b"event: error" in answer.content
    line = line_of(answer.headers["request-id"])
    assert line.input_tokens == sandbox.last_call()["usage"]["input_tokens"]


@BOTH
@pytest.mark.parametrize("mode", ["omit_usage", "usage_twice", "malformed_sse"])
def test_whatever_the_upstream_makes_of_usage_and_frames_the_charge_is_right(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, model: str, mode: str
) -> None:
    sandbox.behave(mode=mode, after_chunks=3)
    before = buyer.balance

    answer = gateway.message(buyer.key, "seven words make up this short question", model=model, stream=True)
    assert b"message_stop" in answer.content

    line = line_of(answer.headers["request-id"])
    assert (line.outcome, line.is_estimated) == ("complete", mode == "omit_usage")
    assert line.output_tokens == sandbox.last_call()["usage"].get(
        "output_tokens", sandbox.last_call()["usage"].get("completion_tokens")
    )
    assert before - buyer.balance == line.cost_nano_usd


@BOTH
def test_a_caller_who_leaves_in_mid_stream_ends_the_upstream_s_work_and_pays_what_came(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, model: str
) -> None:
    with gateway.message(buyer.key, "[[tokens:500]] [[pace_ms:20]]", model=model, stream=True) as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(30)]

    call = sandbox.last_call()
    line = line_of(answer.headers["request-id"])
    assert (call["outcome"], line.outcome, line.is_estimated) == ("client_gone", "client_gone", True)
    assert 0 < line.output_tokens < 100


def test_what_the_other_protocol_cannot_say_is_refused_by_name_and_costs_nothing(
    gateway: RunningGateway, buyer: Buyer
) -> None:
    before = buyer.balance

    answer = gateway.message(buyer.key, model=PAID_MODEL, top_k=5)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_by_upstream")
    assert "'top_k'" in answer.json()["error"]["message"]
    wait_until_nothing_is_held()
    assert before == buyer.balance


def test_the_next_channel_is_asked_when_one_cannot_be_told(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    served = LanguageModel.objects.get(name=PAID_MODEL)
    make.channel(sandbox.url, served, priority=90, protocol=Protocol.ANTHROPIC)
    gateway.run(gateway.engine.catalogue.refresh())

    answer = gateway.message(buyer.key, model=PAID_MODEL, top_k=5)

    assert answer.status_code == 200
    assert sandbox.last_call()["surface"] == "messages"


@BOTH
def test_tokens_are_counted_and_cost_nothing(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, model: str
) -> None:
    before, served = buyer.balance, len(sandbox.served())
    body = {"model": model, "messages": [{"role": "user", "content": "count these five words"}]}

    answer = gateway.request("POST", "/messages/count_tokens", buyer.key, data=orjson.dumps(body))

    assert answer.json()["input_tokens"] >= 5
    assert (before, served) == (buyer.balance, len(sandbox.served()))


def test_tokens_are_counted_by_us_when_the_upstream_is_away(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    Channel.objects.update(base_url="http://127.0.0.1:9")
    body = {"model": MESSAGE_MODEL, "messages": [{"role": "user", "content": "count these five words"}]}

    answer = gateway.request("POST", "/messages/count_tokens", buyer.key, data=orjson.dumps(body))

    assert answer.json() == {"input_tokens": tokens("count these five words") + 4}


def test_models_are_listed_as_the_caller_reads_them(gateway: RunningGateway, buyer: Buyer) -> None:
    with anthropic.Anthropic(
        base_url=gateway.base_url.removesuffix("/v1"), api_key=buyer.key, max_retries=0
    ) as client:
        listed = client.models.list()
        one = client.models.retrieve(MESSAGE_MODEL)

    assert [model.id for model in listed.data] == sorted(
        [MESSAGE_MODEL, "text-embedding-3-small", PAID_MODEL, "sandbox-free"]
    )
    assert (listed.has_more, one.id, one.type) == (False, MESSAGE_MODEL, "model")


@pytest.mark.parametrize(
    ("key", "fields", "status", "kind", "code"),
    [
        ("", {}, 401, "authentication_error", "invalid_api_key"),
        ("sk-mistyped", {}, 401, "authentication_error", "invalid_api_key"),
        ("buyer", {"model": "gpt-9"}, 404, "not_found_error", "model_not_found"),
        ("buyer", {"max_tokens": 0}, 400, "invalid_request_error", "invalid_value"),
        ("poor", {}, 402, "billing_error", "insufficient_quota"),
    ],
)
def test_a_refusal_has_anthropic_s_shape(
    gateway: RunningGateway, buyer: Buyer, key: str, fields: dict[str, object],
    status: int, kind: str, code: str,
) -> None:  # fmt: skip
    keys = {"buyer": buyer.key, "poor": make.buyer(credit=0).key}

    answer = gateway.message(keys.get(key, key), "Hello", **fields)

    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (status, kind, code)
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("path", ["", "/v1", "/anthropic", "/v1/v1"])
def test_somebody_is_there_at_the_base(gateway: RunningGateway, path: str) -> None:
    answer = requests.head(f"http://127.0.0.1:{gateway.port}{path}", timeout=20)

    assert answer.status_code == 200
