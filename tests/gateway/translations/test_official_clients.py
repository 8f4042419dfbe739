"""Translated streams, read by the official clients' own accumulators over real HTTP."""

from collections.abc import Iterable, Mapping
from typing import Any

import anthropic
import openai
import orjson
import pytest
from openai.types.chat import ChatCompletionMessageFunctionToolCall

from gateway.services.translations import frames
from gateway.services.translations.chat_answers import MessageEvents
from gateway.services.translations.message_answers import ChatChunks
from tests.gateway.scripted_upstream import ScriptedUpstream, stream
from tests.gateway.translations.streams import call_piece, events_of, piece

INPUT = {"path": "a 你好", "deep": [{"x": "}"}]}
ARGUMENTS = orjson.dumps(INPUT).decode()
CHUNKS = [
    piece({"role": "assistant", "content": ""}),
    *(piece({"reasoning_content": word}) for word in ("They ", "wait.")),
    *(piece({"content": word}) for word in ("I ", "look ", "👀.")),
    call_piece(0, id="call_a", name="look", arguments=""),
    *(call_piece(0, arguments=part) for part in ARGUMENTS),
    call_piece(1, id="call_b", name="wait", arguments="{}"),
    piece(finish_reason="tool_calls"),
    {
        "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
    },
]  # fmt: skip


def as_events(chunks: Iterable[Mapping[str, Any]]) -> bytes:
    translator = MessageEvents()
    return b"".join([*(translator.feed(chunk) for chunk in chunks), translator.end()])


def as_chunks(events: Iterable[Mapping[str, Any]]) -> bytes:
    translator = ChatChunks(shows_usage=True)
    return b"".join([*(translator.feed(event) for event in events), translator.end()])


def final_message(answer: bytes) -> anthropic.types.Message:
    """Return what Anthropic's client makes of a streamed answer."""
    with ScriptedUpstream(stream(answer)) as upstream:
        client = anthropic.Anthropic(base_url=upstream.url, api_key="k", max_retries=0)
        asked: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        with client, client.messages.stream(**asked) as events:
            return events.get_final_message()


def final_completion(answer: bytes) -> Any:
    """Return what OpenAI's client makes of a streamed answer."""
    with ScriptedUpstream(stream(answer)) as upstream:
        client = openai.OpenAI(base_url=upstream.url, api_key="k", max_retries=0)
        asked: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        with client, client.chat.completions.stream(**asked) as chunks:
            return chunks.get_final_completion()


def test_anthropic_s_client_reads_a_completion_as_a_message() -> None:
    message = final_message(as_events(CHUNKS))

    assert [block.to_dict() for block in message.content] == [
        {"type": "thinking", "thinking": "They wait.", "signature": "unsigned:reasoning_content"},
        {"type": "text", "text": "I look 👀."},
        {"type": "tool_use", "id": "call_a", "name": "look", "input": INPUT},
        {"type": "tool_use", "id": "call_b", "name": "wait", "input": {}},
    ]
    assert message.stop_reason == "tool_use"
    assert (message.id, message.model, message.role) == ("msg_chatcmpl-1", "m", "assistant")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (5, 4)
    assert message.usage.output_tokens == 5


def test_openai_s_client_reads_a_message_as_a_completion() -> None:
    completion = final_completion(as_chunks(events_of(CHUNKS)))

    (choice,) = completion.choices
    calls = choice.message.tool_calls
    assert all(isinstance(call, ChatCompletionMessageFunctionToolCall) for call in calls)
    assert choice.message.content == "I look 👀."
    assert choice.message.reasoning_content == "They wait."
    assert [(call.id, call.function.name, orjson.loads(call.function.arguments)) for call in calls] == [
        ("call_a", "look", INPUT),
        ("call_b", "wait", {}),
    ]
    assert choice.finish_reason == "tool_calls"
    assert completion.usage.prompt_tokens == 9
    assert completion.usage.prompt_tokens_details.cached_tokens == 4
    assert completion.usage.total_tokens == 14


@pytest.mark.parametrize("word", ["a" * 1_000_000, "你" * 300_000])
def test_a_long_delta_comes_whole(word: str) -> None:
    chunks = [piece({"content": word}), piece(finish_reason="stop")]

    assert final_message(as_events(chunks)).content[0].to_dict() == {"type": "text", "text": word}
    assert final_completion(as_chunks(events_of(chunks))).choices[0].message.content == word


def test_an_answer_without_a_word_is_one_too() -> None:
    chunks = [piece({"role": "assistant"}), piece(finish_reason="stop")]

    assert final_message(as_events(chunks)).content == []
    assert final_completion(as_chunks(events_of(chunks))).choices[0].message.content in ("", None)


def test_the_end_mark_is_openai_s() -> None:
    assert as_chunks(events_of(CHUNKS)).endswith(frames.END_MARK)
