"""The model server answers as an OpenAI-compatible upstream does."""

from datetime import datetime, timedelta

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.sandbox.running import RunningSandbox, chunks

GREETING: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Good morning, 世界"}]


def test_the_sdk_reads_a_plain_echo_with_its_usage(sdk: openai.OpenAI) -> None:
    answer = sdk.chat.completions.create(model="gpt-oss-120b", messages=GREETING)

    assert answer.choices[0].message.content == "Good morning, 世界"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 8  # four words and characters, four for the message
    assert answer.usage.completion_tokens == 4
    assert answer.usage.total_tokens == 12


def test_the_sdk_reads_a_streamed_echo_and_its_usage_in_the_last_chunk(sdk: openai.OpenAI) -> None:
    with sdk.chat.completions.create(
        model="gpt-oss-120b", messages=GREETING, stream=True, stream_options={"include_usage": True}
    ) as stream:
        *told, last = list(stream)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in told) == "Good morning, 世界"
    assert told[-1].choices[0].finish_reason == "stop"
    assert [chunk.usage for chunk in told] == [None] * len(told)
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 4


def test_a_stream_says_nothing_of_usage_unless_asked(sandbox: RunningSandbox) -> None:
    told = chunks(sandbox.chat(stream=True))

    assert [chunk for chunk in told if "usage" in chunk] == []
    assert told[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_stream_that_will_tell_its_usage_says_so_in_every_chunk(sandbox: RunningSandbox) -> None:
    *told, last = chunks(sandbox.chat(stream=True, stream_options={"include_usage": True}))

    assert [chunk["usage"] for chunk in told] == [None] * len(told)
    assert last["usage"]["completion_tokens"] == 1


def test_text_parts_of_the_last_user_message_are_echoed(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat(
        messages=[
            {"role": "user", "content": "first"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look "},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                    {"type": "text", "text": "here"},
                ],
            },
            {"role": "assistant", "content": "done"},
        ]
    ).json()

    assert answer["choices"][0]["message"]["content"] == "look here"
    assert answer["usage"]["prompt_tokens"] == 3 * 4 + 1 + (1 + 1 + 100) + 1


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_at_the_token_limit(sandbox: RunningSandbox, limit: str) -> None:
    answer = sandbox.chat("one two three four", **{limit: 3}).json()

    assert answer["choices"][0]["message"]["content"] == "one two three"
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 3


def test_an_answer_as_long_as_the_limit_is_not_cut(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("one two three", max_tokens=3).json()

    assert answer["choices"][0]["finish_reason"] == "stop"


def test_n_choices_are_all_given_and_all_counted(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("one two", n=3).json()

    assert [choice["message"]["content"] for choice in answer["choices"]] == ["one two"] * 3
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert answer["usage"]["completion_tokens"] == 6


def test_n_streamed_choices_are_told_apart_by_index(sandbox: RunningSandbox) -> None:
    told = chunks(sandbox.chat("one two", n=2, stream=True))

    second = [chunk["choices"][0] for chunk in told if chunk["choices"][0]["index"] == 1]
    assert "".join(choice["delta"].get("content", "") for choice in second) == "one two"
    assert second[-1]["finish_reason"] == "stop"


def test_a_message_can_ask_for_an_answer_of_n_tokens(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("[[tokens:200]]").json()

    assert answer["usage"]["completion_tokens"] == 200
    assert len(answer["choices"][0]["message"]["content"].split()) == 200


def test_reasoning_comes_first_and_is_part_of_the_completion(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("[[reasoning:30]] [[tokens:20]]", max_tokens=40).json()

    assert answer["usage"]["completion_tokens"] == 40
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 30
    assert len(answer["choices"][0]["message"]["reasoning_content"].split()) == 30
    assert answer["choices"][0]["finish_reason"] == "length"


def test_streamed_reasoning_has_deltas_of_its_own(sandbox: RunningSandbox) -> None:
    told = chunks(sandbox.chat("[[reasoning:2]]", stream=True))

    deltas = [chunk["choices"][0]["delta"] for chunk in told]
    assert [delta["reasoning_content"] for delta in deltas if "reasoning_content" in delta] == [
        "think",
        " think",
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_message_can_slow_its_answer_down(sandbox: RunningSandbox, *, stream: bool) -> None:
    assert sandbox.chat("[[tokens:4]] [[pace_ms:50]]", stream=stream).content

    call = sandbox.last_call()
    took = datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["started_at"])
    assert took >= timedelta(milliseconds=4 * 50)
