"""What crosses over and comes back is what it was."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.translations import chat_answers, chat_to_messages, message_answers, messages_to_chat
from tests.gateway.translations.streams import answer_of, blocks_of, call_piece, chunks_of, events_of, piece

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=5,
)
INPUTS = st.dictionaries(WORDS, VALUES, max_size=3)


def function(name: str, given_input: dict[str, Any]) -> dict[str, str]:
    return {"name": name, "arguments": orjson.dumps(given_input).decode()}


@st.composite
def turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return a user's message, an answer that calls tools, and their results."""
    ids = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    calls = [
        {"id": each, "type": "function", "function": function(draw(NAMES), draw(INPUTS))} for each in ids
    ]
    return [
        {"role": "user", "content": draw(WORDS)},
        {"role": "assistant", "content": draw(WORDS | st.none()), "tool_calls": calls},
        *({"role": "tool", "tool_call_id": each, "content": draw(WORDS)} for each in ids),
    ]


@st.composite
def chats(draw: st.DrawFn) -> dict[str, Any]:
    chat: dict[str, Any] = {"model": "m", "max_tokens": draw(st.integers(1, 9))}
    messages = [{"role": "system", "content": draw(WORDS)}] if draw(st.booleans()) else []
    for conversation in draw(st.lists(turns(), max_size=2)):
        messages += [*conversation, {"role": "assistant", "content": draw(WORDS)}]
    tools = [
        {"name": name, "parameters": {"type": "object", **draw(INPUTS)}}
        for name in draw(st.lists(NAMES, max_size=2))
    ]
    if tools:
        chat["tools"] = [{"type": "function", "function": tool} for tool in tools]
        chat["tool_choice"] = draw(st.sampled_from(["auto", "required", "none"]))
    return {**chat, "messages": [*messages, {"role": "user", "content": draw(WORDS)}]}


@given(chats())
def test_a_chat_that_becomes_a_request_for_a_message_is_the_same_chat_again(chat: dict[str, Any]) -> None:
    there = orjson.loads(orjson.dumps(chat_to_messages.request(chat)))

    assert messages_to_chat.request(there) == chat


@given(st.none() | WORDS, st.none() | WORDS, st.lists(st.tuples(NAMES, NAMES, INPUTS), max_size=3), st.data())
def test_an_answer_crosses_over_and_comes_back(
    thought: str | None, words: str | None, calls: list[tuple[str, str, dict[str, Any]]], data: st.DataObject
) -> None:
    said: dict[str, Any] = {"role": "assistant", "content": words, "refusal": None}
    said |= {"reasoning_content": thought} if thought else {}
    if calls:
        said["tool_calls"] = [
            {"id": each, "type": "function", "function": function(name, given_input)}
            for each, name, given_input in calls
        ]
    else:
        said["content"] = words or ""
    usage = {
        "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
        "prompt_tokens_details": {
            "cached_tokens": data.draw(st.integers(0, 5)), "cache_write_tokens": data.draw(st.integers(0, 4)),
        },
    }  # fmt: skip
    choice = {"index": 0, "message": said, "logprobs": None}
    choice["finish_reason"] = "tool_calls" if calls else "stop"
    completion = {
        "id": "msg_1",
        "object": "chat.completion",
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }

    back = message_answers.as_completion(chat_answers.as_message(completion))

    assert back.pop("created")
    assert back == completion


@given(st.lists(WORDS), st.lists(WORDS), st.lists(st.tuples(NAMES, st.lists(WORDS)), max_size=3))
def test_a_stream_crosses_over_and_comes_back(
    thoughts: list[str], words: list[str], calls: list[tuple[str, list[str]]]
) -> None:
    chunks = [piece({"reasoning_content": each}) for each in thoughts]
    chunks += [piece({"role": "assistant"}), *(piece({"content": each}) for each in words)]
    for index, (name, given_input) in enumerate(calls):
        arguments = orjson.dumps({"x": given_input}).decode()
        chunks += [call_piece(index, id=f"call_{index}", name=name)]
        chunks += [call_piece(index, arguments=part) for part in arguments]
    chunks.append(piece(finish_reason="tool_calls" if calls else "stop"))

    events = events_of(chunks)

    assert blocks_of(events)[-len(calls) or len(events) :] == [
        {"type": "tool_use", "id": f"call_{index}", "name": name, "input": {"x": given_input}}
        for index, (name, given_input) in enumerate(calls)
    ]
    assert answer_of(chunks_of(events)) == answer_of(without_nothing(chunks))


def without_nothing(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return ``chunks`` as upstreams that leave out what is empty would send them."""
    kept: list[dict[str, Any]] = orjson.loads(orjson.dumps(chunks))
    for chunk in kept:
        for call in chunk["choices"][0]["delta"].get("tool_calls", []):
            call["function"] = {
                "arguments": "",
                **{k: v for k, v in call["function"].items() if v is not None},
            }
    return kept
