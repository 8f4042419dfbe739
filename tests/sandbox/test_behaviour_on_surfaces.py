"""The behaviour switch is met on every surface, in the form of that surface."""

import time
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import orjson
import pytest
import requests
from anthropic.types import MessageParam
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as NoAnswer

from tests.sandbox.running import RunningSandbox, chunks, events, named_events

ABSURD_USAGE = {"input_tokens": -5, "output_tokens": 10**15, "prompt_tokens": "many"}
GREETING: list[MessageParam] = [{"role": "user", "content": "one two three"}]
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}

Asking = Callable[[RunningSandbox], requests.Response]
PLAIN_CALLS: list[Asking] = [
    lambda sandbox: sandbox.chat("one two"),
    lambda sandbox: sandbox.message("one two"),
    lambda sandbox: sandbox.embed("one two"),
]
every_surface = pytest.mark.parametrize("ask", PLAIN_CALLS, ids=["chat", "messages", "embeddings"])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"), (402, "billing_error"), (403, "permission_error"),
        (413, "request_too_large"), (418, "invalid_request_error"), (429, "rate_limit_error"),
        (500, "api_error"), (529, "overloaded_error"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_a_message_fails_in_the_shape_of_its_surface(
    sandbox: RunningSandbox, *, status: int, kind: str, stream: bool
) -> None:
    sandbox.behave(mode="fail", status=status)

    answer = sandbox.message(stream=stream)

    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind
    assert answer.json()["request_id"] == answer.headers["request-id"]
    assert (sandbox.last_call()["surface"], sandbox.last_call()["status"]) == ("messages", status)


def test_the_anthropic_sdk_takes_the_failure_for_a_real_one(
    sandbox: RunningSandbox, anthropic_sdk: anthropic.Anthropic
) -> None:
    sandbox.behave(mode="fail", status=529)

    with pytest.raises(anthropic.APIStatusError) as refusal:
        anthropic_sdk.messages.create(model="deepseek-chat", max_tokens=9, messages=GREETING)

    assert refusal.value.type == "overloaded_error"


def test_an_embeddings_call_fails_in_openais_shape(sandbox: RunningSandbox, sdk: openai.OpenAI) -> None:
    sandbox.behave(mode="fail", status=503)

    with pytest.raises(openai.InternalServerError):
        sdk.embeddings.create(model="text-embedding-3-small", input="hi")


@every_surface
def test_a_plain_answer_is_cut_in_the_middle_of_its_body(sandbox: RunningSandbox, ask: Asking) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=9, ending="silence")

    with pytest.raises(ChunkedEncodingError, match="IncompleteRead"):
        ask(sandbox)

    call = sandbox.last_call()
    assert (call["outcome"], call["status"], call["reported_usage"]) == ("failed", 200, None)


@every_surface
def test_a_connection_is_reset_before_the_first_byte(sandbox: RunningSandbox, ask: Asking) -> None:
    sandbox.behave(mode="reset_before_first_byte")

    with pytest.raises(NoAnswer, match="reset by peer"):
        ask(sandbox)

    assert (sandbox.last_call()["outcome"], sandbox.last_call()["usage"]) == ("failed", None)


@every_surface
def test_an_answer_can_lack_its_usage(sandbox: RunningSandbox, ask: Asking) -> None:
    sandbox.behave(mode="omit_usage")

    assert "usage" not in ask(sandbox).json()

    assert sandbox.last_call()["usage"]
    assert sandbox.last_call()["reported_usage"] is None


@every_surface
def test_an_answer_can_report_an_absurd_usage(sandbox: RunningSandbox, ask: Asking) -> None:
    sandbox.behave(mode="usage", usage=ABSURD_USAGE)

    assert ask(sandbox).json()["usage"] == ABSURD_USAGE

    assert sandbox.last_call()["reported_usage"] == ABSURD_USAGE


@every_surface
def test_the_modes_that_streams_alone_can_meet_leave_a_plain_answer_as_it_is(
    sandbox: RunningSandbox, ask: Asking
) -> None:
    sandbox.behave(mode="usage_twice", times=1)
    twice = ask(sandbox).json()["usage"]

    sandbox.behave(mode="malformed_sse", times=1)
    malformed = ask(sandbox).json()["usage"]

    assert twice.keys() == malformed.keys() == sandbox.last_call()["usage"].keys()


@pytest.mark.parametrize(("ending", "is_cut"), [("cut", True), ("reset", True), ("silence", False)])
def test_a_streamed_message_breaks_off_and_has_told_what_its_beginning_tells(
    sandbox: RunningSandbox, ending: str, *, is_cut: bool
) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=5, ending=ending)

    assert breaks_off(sandbox.message("one two three", stream=True)) == is_cut

    call = sandbox.last_call()
    assert (call["outcome"], call["status"]) == ("failed", 200)
    assert call["usage"]["output_tokens"] == 2
    assert (call["reported_usage"]["input_tokens"], call["reported_usage"]["output_tokens"]) == (7, 1)


def breaks_off(streamed: requests.Response) -> bool:
    """Read a stream that has no end mark; tell whether even its connection ended badly."""
    try:
        names = [name for name, _ in named_events(streamed)]
    except (ChunkedEncodingError, NoAnswer):
        return True
    assert names[-1] == "content_block_delta"
    return False


def test_the_anthropic_sdk_recognises_an_error_within_a_stream(
    sandbox: RunningSandbox, anthropic_sdk: anthropic.Anthropic
) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=5, ending="error_frame")
    heard: list[str] = []

    with (
        anthropic_sdk.messages.stream(model="deepseek-chat", max_tokens=9, messages=GREETING) as stream,
        pytest.raises(anthropic.APIStatusError, match="the sandbox was told to") as failure,
    ):
        heard.extend(stream.text_stream)

    assert heard == ["one", " two"]
    assert failure.value.type == "api_error"


def test_a_stalled_message_goes_on(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="stall", seconds=0.2, after_chunks=4)

    told = named_events(sandbox.message("one two", stream=True))

    assert told[-1][0] == "message_stop"
    assert sandbox.last_call()["outcome"] == "complete"


@pytest.mark.parametrize("stream", [False, True])
@every_surface
def test_a_slow_answer_sends_its_head_at_once(sandbox: RunningSandbox, ask: Asking, *, stream: bool) -> None:
    sandbox.behave(mode="slow", seconds=0.3)
    started_at = time.monotonic()

    with sandbox.chat("one two", stream=True) if stream else ask(sandbox) as answer:
        head_after = answer.elapsed.total_seconds()
        assert answer.content

    assert head_after < 0.3 <= time.monotonic() - started_at
    assert sandbox.last_call()["outcome"] == "complete"


def test_who_does_not_wait_for_a_slow_answer_is_gone(
    sandbox: RunningSandbox, anthropic_sdk: anthropic.Anthropic
) -> None:
    sandbox.behave(mode="slow", seconds=60)

    with pytest.raises(anthropic.APITimeoutError):
        anthropic_sdk.with_options(timeout=0.3).messages.create(
            model="deepseek-chat", max_tokens=9, messages=GREETING
        )

    assert sandbox.last_call()["outcome"] == "client_gone"


def test_a_streamed_message_can_lack_its_usage(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="omit_usage")

    told = dict(named_events(sandbox.message("one two", stream=True)))

    assert "usage" not in told["message_start"]["message"]
    assert "usage" not in told["message_delta"]


def test_a_streamed_message_can_report_an_absurd_usage(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="usage", usage="many")

    told = dict(named_events(sandbox.message("one two", stream=True)))

    assert told["message_start"]["message"]["usage"] == told["message_delta"]["usage"] == "many"


def test_a_chat_stream_can_tell_its_usage_twice_and_the_second_is_true(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="usage_twice")

    told = chunks(sandbox.chat("one two three", **WITH_USAGE))

    usages = [chunk["usage"] for chunk in told if chunk["usage"]]
    assert [usage["completion_tokens"] for usage in usages] == [1, 3]
    assert sandbox.last_call()["reported_usage"] == usages[1]


def test_a_message_can_tell_its_usage_twice_and_the_second_is_true(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="usage_twice")

    told = named_events(sandbox.message("one two three", stream=True))

    deltas = [data for name, data in told if name == "message_delta"]
    assert [data["usage"]["output_tokens"] for data in deltas] == [1, 3]
    assert [data["delta"]["stop_reason"] for data in deltas] == [None, "end_turn"]
    assert sandbox.last_call()["reported_usage"]["output_tokens"] == 3


def test_a_chat_stream_can_have_a_frame_that_is_not_json(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="malformed_sse", after_chunks=2)

    told = events(sandbox.chat("one two", stream=True))

    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(told[2])
    assert '"content":" two"' in told[3]
    assert told[-1] == "[DONE]"
    assert sandbox.last_call()["outcome"] == "complete"


def test_a_message_can_have_a_frame_that_is_not_json(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="malformed_sse", after_chunks=4)

    frames = sandbox.message("one two", stream=True).text.split("\n\n")

    assert frames[4].startswith("event: content_block_delta\ndata: {")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(frames[4].partition("data: ")[2])
    assert '"text":" two"' in frames[5]


def test_counting_tokens_meets_no_behaviour(
    sandbox: RunningSandbox, anthropic_sdk: anthropic.Anthropic
) -> None:
    sandbox.behave(mode="fail", times=1)

    counted = anthropic_sdk.messages.count_tokens(model="deepseek-chat", messages=GREETING)

    assert counted.input_tokens == 7
    assert sandbox.message().status_code == 500


def test_a_message_is_logged_with_its_surface_under_the_id_of_its_answer(sandbox: RunningSandbox) -> None:
    answer = sandbox.message("kumquat").json()

    call = sandbox.last_call()
    assert call["id"] == answer["id"]
    assert (call["surface"], call["stream"]) == ("messages", False)
    assert call["usage"] == call["reported_usage"] == answer["usage"]
    assert "kumquat" not in (sandbox.state_dir / "served.jsonl").read_text()


def test_arguments_and_results_of_tools_are_not_logged(sandbox: RunningSandbox) -> None:
    tools: list[dict[str, Any]] = [{"name": "persimmon", "input_schema": {"type": "object"}}]

    sandbox.message('[[tool:persimmon {"a": "rambutan"}]]', tools=tools, stream=True).close()

    assert sandbox.last_call()["usage"]
    log = (sandbox.state_dir / "served.jsonl").read_text()
    assert "persimmon" not in log
    assert "rambutan" not in log
