"""The model server misbehaves exactly as told."""

from typing import Any

import openai
import orjson
import pytest
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as NoAnswer

from tests.sandbox.running import RunningSandbox, chunks, events

ABSURD_USAGE = {"prompt_tokens": -5, "completion_tokens": 10**15, "total_tokens": "many"}


@pytest.mark.parametrize("status", [402, 429, 500, 503])
def test_a_call_fails_with_the_status_asked_for(sandbox: RunningSandbox, status: int) -> None:
    sandbox.behave(mode="fail", status=status)

    answer = sandbox.chat()

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert sandbox.last_call()["status"] == status
    assert sandbox.last_call()["outcome"] == "failed"


def test_the_sdk_takes_the_failure_for_a_real_one(sandbox: RunningSandbox, sdk: openai.OpenAI) -> None:
    sandbox.behave(mode="fail", status=429)

    with pytest.raises(openai.RateLimitError) as refusal:
        sdk.chat.completions.create(model="deepseek-chat", messages=[{"role": "user", "content": "hi"}])

    assert refusal.value.code == "rate_limit_exceeded"


def test_misbehaviour_ends_after_the_calls_it_was_meant_for(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="fail", times=2)

    statuses = [sandbox.chat().status_code for _ in range(3)]

    assert statuses == [500, 500, 200]


def test_misbehaviour_without_times_lasts_until_it_is_changed(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="fail")
    failed = [sandbox.chat().status_code for _ in range(3)]

    sandbox.behave(mode="normal")

    assert failed == [500, 500, 500]
    assert sandbox.chat().status_code == 200


def test_misbehaviour_for_one_model_spares_the_others_and_their_calls_do_not_count(
    sandbox: RunningSandbox,
) -> None:
    sandbox.behave(mode="fail", model="sandbox-free", times=1)

    statuses = [sandbox.chat(model=model).status_code for model in ("glm-4-flash", "sandbox-free")]

    assert statuses == [200, 500]


def test_a_stream_is_cut_after_the_chunks_asked_for(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=2)
    received: list[bytes] = []

    with sandbox.chat("one two three", stream=True) as answer, pytest.raises(ChunkedEncodingError):
        received.extend(answer.iter_content(chunk_size=None))

    assert b"".join(received).count(b"data: ") == 2
    call = sandbox.last_call()
    assert (call["outcome"], call["status"]) == ("failed", 200)
    assert call["usage"]["completion_tokens"] == 1
    assert call["reported_usage"] is None


def test_a_plain_answer_is_cut_in_the_middle_of_its_body(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=2)

    with pytest.raises(ChunkedEncodingError, match="IncompleteRead"):
        sandbox.chat()

    assert sandbox.last_call()["outcome"] == "failed"


def test_a_stream_can_break_off_with_an_error_frame(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=3, ending="error_frame")

    told = events(sandbox.chat("one two three", stream=True))

    assert len(told) == 4
    assert orjson.loads(told[-1])["error"]["type"] == "server_error"


def test_a_stream_can_break_off_in_silence(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=3, ending="silence")

    told = events(sandbox.chat("one two three", stream=True))

    assert len(told) == 3
    assert "[DONE]" not in told


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_is_reset_before_the_first_byte(sandbox: RunningSandbox, *, stream: bool) -> None:
    sandbox.behave(mode="reset_before_first_byte")

    with pytest.raises(NoAnswer, match="reset by peer"):
        sandbox.chat(stream=stream)

    call = sandbox.last_call()
    assert (call["outcome"], call["status"], call["usage"]) == ("failed", None, None)


def test_a_stalled_answer_goes_on_when_the_stall_is_over(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="stall", seconds=0.2, after_chunks=1)

    told = chunks(sandbox.chat("one two", stream=True))

    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in told) == "one two"
    assert sandbox.last_call()["outcome"] == "complete"


@pytest.mark.parametrize("after_chunks", [0, 1])
@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_gives_up_on_a_stall_is_recorded(
    sandbox: RunningSandbox, sdk: openai.OpenAI, *, stream: bool, after_chunks: int
) -> None:
    sandbox.behave(mode="stall", seconds=60, after_chunks=after_chunks)
    impatient = sdk.with_options(timeout=0.3)

    with pytest.raises(openai.APITimeoutError):
        list(
            impatient.chat.completions.create(
                model="deepseek-chat", messages=[{"role": "user", "content": "hi"}], stream=stream
            )
        )

    assert sandbox.last_call()["outcome"] == "stalled"


def test_a_plain_answer_can_lack_its_usage(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="omit_usage")

    answer = sandbox.chat("one two").json()

    assert "usage" not in answer
    assert sandbox.last_call()["usage"]["completion_tokens"] == 2
    assert sandbox.last_call()["reported_usage"] is None


def test_a_stream_can_lack_the_usage_that_was_asked_for(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="omit_usage")

    told = chunks(sandbox.chat(stream=True, stream_options={"include_usage": True}))

    assert [chunk["usage"] for chunk in told] == [None] * len(told)
    assert told[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_plain_answer_can_report_an_absurd_usage(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="usage", usage=ABSURD_USAGE)

    answer = sandbox.chat("one two").json()

    assert answer["usage"] == ABSURD_USAGE
    assert sandbox.last_call()["usage"]["completion_tokens"] == 2
    assert sandbox.last_call()["reported_usage"] == ABSURD_USAGE


def test_a_stream_can_report_an_absurd_usage(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="usage", usage=ABSURD_USAGE)

    told = chunks(sandbox.chat(stream=True, stream_options={"include_usage": True}))

    assert told[-1]["usage"] == ABSURD_USAGE


def test_the_behaviour_in_force_can_be_read(sandbox: RunningSandbox) -> None:
    sandbox.behave(mode="stall", seconds=5, times=3, model="glm-4-flash")
    sandbox.behave(mode="fail", status=503, times=3)
    sandbox.chat()

    shown = sandbox.request("GET", "/control/behaviour").json()

    assert (shown["mode"], shown["status"], shown["times"], shown["model"]) == ("fail", 503, 2, None)


@pytest.mark.parametrize(
    "order",
    [
        "fail",
        ["fail"],
        {"mode": "explode"},
        {"mode": "fail", "status": 200},
        {"mode": "fail", "status": "500"},
        {"mode": "fail", "times": 0},
        {"mode": "fail", "colour": "red"},
        {"mode": "stall", "seconds": -1},
        {"mode": "fail_mid_stream", "ending": "bang"},
    ],
)
def test_an_order_that_cannot_be_followed_is_refused_and_changes_nothing(
    sandbox: RunningSandbox, order: Any
) -> None:
    sandbox.behave(mode="fail", status=418)

    answer = sandbox.request("POST", "/control/behaviour", json=order)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sandbox.request("GET", "/control/behaviour").json()["status"] == 418
