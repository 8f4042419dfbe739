from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from gateway.errors import AnswerBroken
from gateway.services.translations.message_answers import ChatChunks
from tests.gateway.translations.streams import answer_of, chunks_of

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "usage": {"input_tokens": 4, "cache_read_input_tokens": 3, "output_tokens": 1},
    },
}  # fmt: skip
STOP = {"type": "message_stop"}


def finish(stop_reason: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason},
        "usage": {"output_tokens": 5, **usage},
    }


def block(index: int, kind: str, *deltas: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": {"type": kind, **fields}},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(*words: str, index: int = 0) -> list[dict[str, Any]]:
    return block(index, "text", *({"type": "text_delta", "text": each} for each in words), text="")


def use(index: int, *parts: str, **given: Any) -> list[dict[str, Any]]:
    deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
    return block(index, "tool_use", *deltas, id=f"toolu_{index}", name="f", input=given)


def test_a_stream_tells_a_completion_from_its_role_to_its_end_mark() -> None:
    chunks = chunks_of([START, {"type": "ping"}, *text("你", "好"), finish(), STOP])

    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""}, {"content": "你"}, {"content": "好"}, {},
    ]  # fmt: skip
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]
    assert all("usage" not in chunk for chunk in chunks)


def test_every_chunk_is_one_that_the_sdk_knows() -> None:
    chunks = chunks_of([START, *text("a"), *use(1, "{}"), finish("tool_use"), STOP], shows_usage=True)

    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk)
    assert {(chunk["id"], chunk["object"], chunk["model"]) for chunk in chunks} == {
        ("msg_1", "chat.completion.chunk", "m")
    }
    assert len({chunk["created"] for chunk in chunks}) == 1


def test_usage_is_the_last_chunk_for_those_who_ask_for_it() -> None:
    *chunks, last = chunks_of([START, *text("a"), finish(), STOP], shows_usage=True)

    assert {chunk["usage"] for chunk in chunks} == {None}
    assert last["choices"] == []
    assert last["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
    }


@pytest.mark.parametrize("later", [{"input_tokens": None}, {"input_tokens": 0}, {"input_tokens": 4}, {}])
def test_a_later_count_never_makes_an_earlier_one_smaller(later: dict[str, Any]) -> None:
    *_chunks, last = chunks_of([START, finish(**later), finish(None), STOP], shows_usage=True)

    assert last["usage"]["prompt_tokens"] == 7


def test_thoughts_are_told_apart_from_the_answer() -> None:
    deltas = [{"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "EqQB"}]
    thought = block(0, "thinking", *deltas, thinking="", signature="")
    secret = block(1, "redacted_thinking", data="Em")

    assert answer_of(chunks_of([START, *thought, *secret, *text("a", index=2), finish(), STOP])) == {
        "content": "a", "reasoning_content": "hm", "tool_calls": [], "finish_reason": "stop",
    }  # fmt: skip


def test_calls_are_counted_apart_from_other_blocks() -> None:
    events = [*text("a"), *use(1, "", '{"x"', ":1}"), *use(2, '{"x":2}')]

    assert answer_of(chunks_of([START, *events, finish("tool_use"), STOP])) == {
        "content": "a",
        "tool_calls": [
            {"id": "toolu_1", "name": "f", "json": '{"x":1}'},
            {"id": "toolu_2", "name": "f", "json": '{"x":2}'},
        ],
        "finish_reason": "tool_calls",
    }


@pytest.mark.parametrize(("given_input", "arguments"), [({}, "{}"), ({"x": 1}, '{"x":1}')])
def test_a_call_without_pieces_has_the_input_that_it_began_with(
    given_input: dict[str, int], arguments: str
) -> None:
    answer = answer_of(chunks_of([START, *use(0, **given_input), finish("tool_use"), STOP]))

    assert answer["tool_calls"][0]["json"] == arguments


def test_a_text_may_begin_with_its_first_words() -> None:
    begun = block(0, "text", {"type": "text_delta", "text": " there"}, text="Hi")

    assert answer_of(chunks_of([START, *begun, finish(), STOP]))["content"] == "Hi there"


def test_events_and_deltas_of_a_new_kind_are_passed_over() -> None:
    adorned = block(0, "text", {"type": "citations_delta", "citation": {}}, {"type": "new_delta"}, text="a")

    chunks = chunks_of([{"type": "ping"}, START, {"type": "new_event"}, *adorned, finish(), STOP])

    assert answer_of(chunks)["content"] == "a"


@pytest.mark.parametrize(
    "events",
    [
        [],
        [STOP],
        [START, *text("a")],
        [START, *text("a"), finish(None), STOP],
        [*text("a"), START, finish(), STOP],
        [finish(), STOP],
        [{"type": "message_start", "message": {"model": "m"}}],
        [{"type": "message_start", "message": "a"}],
        [START, *block(0, "server_tool_use", id="a", name="web_search"), finish()],
        [START, *block(0, "tool_use", id="a", input={}), finish()],
        [START, *block(0, "tool_use", name="f", input={}), finish()],
        [START, *use(0), *use(0), finish()],
        [START, {"type": "content_block_start", "content_block": {"type": "tool_use"}}, finish()],
        [START, *block(0, "text", {"type": "input_json_delta", "partial_json": "{}"}), finish()],
        [START, *block(0, "text", {"type": "text_delta", "text": 3}), finish()],
        [START, {"type": "content_block_delta", "index": 0, "delta": "a"}, finish()],
        [START, {"type": "message_delta", "delta": {"stop_reason": 3}}],
    ],
    ids=repr,
)
def test_what_is_no_message_breaks_the_answer(events: list[dict[str, Any]]) -> None:
    with pytest.raises(AnswerBroken):
        chunks_of(events)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "id", "name", "input", "text", "usage"]), inner)
    ),
    max_leaves=6,
)
KINDS = st.sampled_from([
    "message_start", "message_delta", "content_block_start", "content_block_delta", "content_block_stop",
])  # fmt: skip
FIELDS = st.sampled_from(["message", "index", "content_block", "delta", "usage"])
EVENTS = st.builds(lambda kind, fields: {**fields, "type": kind}, KINDS, st.dictionaries(FIELDS, ANYTHING))


@given(st.lists(EVENTS))
def test_nothing_but_a_broken_answer_comes_of_whatever_is_sent(events: list[dict[str, Any]]) -> None:
    translator = ChatChunks(shows_usage=True)
    try:
        written = b"".join(translator.feed(event) for event in [START, *events])
    except AnswerBroken:
        return

    frames = written.removesuffix(b"\n\n").split(b"\n\n")
    assert all(orjson.loads(frame.removeprefix(b"data: ")) for frame in frames)
