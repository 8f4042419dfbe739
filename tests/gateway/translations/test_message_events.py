import itertools
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import AnswerBroken
from gateway.services.translations.chat_answers import MessageEvents
from tests.gateway.translations.streams import blocks_of, call_piece, events_of, piece

TEXT, THOUGHT = {"content": "a"}, {"reasoning_content": "hm"}
DONE = piece(finish_reason="stop")
INPUT = {"path": "/a b", "deep": {"x": [1, {"y": "}"}]}, "你": "好"}
ARGUMENTS = orjson.dumps(INPUT).decode()


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def counts(**counts: int) -> dict[str, int]:
    return {"cache_creation_input_tokens": 0, **counts}


def uses(events: list[dict[str, Any]]) -> list[tuple[str, str, Any]]:
    blocks = blocks_of(events)
    return [(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"]


def test_a_stream_tells_a_message_from_its_start_to_its_stop() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    chunks = [piece({"role": "assistant", "content": ""}), piece(TEXT), DONE, {"choices": [], "usage": usage}]

    events = events_of(chunks)

    assert kinds(events) == [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
        "message_stop",
    ]  # fmt: skip
    assert events[0]["message"] == {
        "id": "msg_chatcmpl-1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": counts(input_tokens=0, cache_read_input_tokens=0, output_tokens=0),
    }  # fmt: skip
    assert events[-2] == {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": counts(input_tokens=5, cache_read_input_tokens=4, output_tokens=2),
    }  # fmt: skip


def test_a_text_is_told_as_soon_as_it_is_known() -> None:
    translator = MessageEvents()

    assert b"message_start" in translator.feed(piece({"role": "assistant"}))
    assert "你好".encode() in translator.feed(piece({"content": "你好"}))
    assert translator.feed(piece({"content": ""})) == b""
    assert translator.feed({"choices": [], "usage": None}) == b""


def test_thoughts_come_before_the_answer_and_say_where_they_came_from() -> None:
    events = events_of([piece(THOUGHT), piece({"reasoning_content": "!"}), piece(TEXT), piece(TEXT), DONE])

    assert blocks_of(events) == [
        {"type": "thinking", "thinking": "hm!", "signature": "unsigned:reasoning_content"},
        {"type": "text", "text": "aa"},
    ]


def test_thoughts_between_texts_keep_their_place() -> None:
    events = events_of([piece(TEXT), piece({"reasoning": "hm"}), piece({"content": "b"}), DONE])

    assert [block["type"] for block in blocks_of(events)] == ["text", "thinking", "text"]


def test_two_fields_with_one_thought_tell_it_once() -> None:
    events = events_of([piece({"reasoning": "hm", "reasoning_content": "hm"}), piece(TEXT), DONE])

    assert blocks_of(events)[0]["thinking"] == "hm"


def test_a_call_is_told_piece_by_piece() -> None:
    translator = MessageEvents()
    translator.feed(piece(TEXT))

    assert b'"name":"f"' in translator.feed(call_piece(0, id="a", name="f", arguments=""))
    assert b'"partial_json":"{"' in translator.feed(call_piece(0, arguments="{"))
    assert b'"partial_json":"}"' in translator.feed(call_piece(0, arguments="}"))
    assert (
        b'"stop_reason":"tool_use"' in translator.feed(piece(finish_reason="tool_calls")) + translator.end()
    )


@given(st.lists(st.integers(0, len(ARGUMENTS)), max_size=8), st.lists(st.integers(0, 1), max_size=30))
def test_calls_are_whole_however_they_are_cut_and_interleaved(cuts: list[int], order: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ARGUMENTS)]
    cut = [ARGUMENTS[start:end] for start, end in itertools.pairwise(edges)]
    pieces = [[call_piece(n, id=f"call_{n}", name=f"f{n}", arguments="")] for n in (0, 1)]
    for n in (0, 1):
        pieces[n] += [call_piece(n, arguments=part) for part in cut]
    chunks = [pieces[0].pop(0)]
    chunks += [pieces[n].pop(0) for n in order if pieces[n]]

    events = events_of([*chunks, *pieces[0], *pieces[1], piece(finish_reason="tool_calls")])

    assert uses(events) == [("call_0", "f0", INPUT), ("call_1", "f1", INPUT)]


def test_the_second_call_is_told_as_soon_as_the_first_is_whole() -> None:
    translator = MessageEvents()
    translator.feed(call_piece(0, id="a", name="f", arguments='{"x": {}'))

    assert translator.feed(call_piece(1, id="b", name="g", arguments="{")) == b""
    assert b'"name":"g"' in translator.feed(call_piece(0, arguments="}"))


def test_a_text_waits_until_a_call_is_whole() -> None:
    chunks = [call_piece(0, id="a", name="f", arguments="{"), piece(TEXT), call_piece(0, arguments="}"), DONE]

    assert [block["type"] for block in blocks_of(events_of(chunks))] == ["tool_use", "text"]


@pytest.mark.parametrize("index", [0, None])
def test_calls_that_nobody_counted_are_told_apart_by_their_ids(index: int | None) -> None:
    chunks = [
        call_piece(index, id="a", name="f", arguments='{"x":1}'),
        call_piece(index, id="b", name="f", arguments='{"x":'),
        call_piece(index, id="b", arguments="2}"),
        DONE,
    ]

    assert uses(events_of(chunks)) == [("a", "f", {"x": 1}), ("b", "f", {"x": 2})]


def test_a_name_may_come_after_the_id() -> None:
    chunks = [call_piece(0, id="a"), piece(TEXT), call_piece(0, name="f", arguments="{}"), DONE]

    assert blocks_of(events_of(chunks))[0]["name"] == "f"


def test_blanks_after_a_whole_call_add_nothing() -> None:
    chunks = [
        call_piece(0, id="a", name="f", arguments="{}"),
        piece(TEXT),
        call_piece(0, arguments=" \n"),
        DONE,
    ]

    assert len(blocks_of(events_of(chunks))) == 2


def test_a_call_without_arguments_has_an_empty_input() -> None:
    chunks = [call_piece(0, id="a", name="f"), call_piece(1, name="g"), piece(finish_reason="tool_calls")]

    first, second = blocks_of(events_of(chunks))

    assert (first["input"], second["input"]) == ({}, {})
    assert second["id"].startswith("call_")


def test_a_call_that_the_output_limit_tore_is_told_as_far_as_it_came() -> None:
    chunks = [call_piece(0, id="a", name="f", arguments='{"x'), piece(finish_reason="length")]

    events = events_of(chunks)

    assert events[2]["delta"]["partial_json"] == '{"x'
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"


def test_a_refusal_is_told_as_text() -> None:
    events = events_of([piece({"refusal": "No"}), piece({"refusal": "."}), DONE])

    assert blocks_of(events) == [{"type": "text", "text": "No."}]
    assert events[-2]["delta"]["stop_reason"] == "refusal"


@pytest.mark.parametrize("counts", [[None, 7], [3, 7], [7, None], [7, 3]])
def test_the_largest_count_is_the_one_of_the_whole_call(counts: list[int | None]) -> None:
    reports = [{"prompt_tokens": 1, "completion_tokens": count} if count else None for count in counts]

    events = events_of([{**piece(TEXT), "usage": reports[0]}, DONE, {"choices": [], "usage": reports[1]}])

    assert events[-2]["usage"]["output_tokens"] == 7


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [{"choices": [], "usage": {"prompt_tokens": 1}}],
        [{"choices": {}}],
        [{"choices": ["a"]}],
        [piece() | {"choices": [{"delta": "a"}]}],
        [piece({"content": 3})],
        [piece({"content": ["a"]})],
        [{**piece(TEXT), "id": 3}],
        [{**piece(TEXT), "model": 3}],
        [piece({"tool_calls": {}})],
        [piece({"tool_calls": [{"index": 0, "function": "f"}]})],
        [call_piece(0, id=3)],
        [call_piece(0, id="a", arguments="{}")],
        [call_piece(0, id="a", name="f", arguments={})],
        [call_piece(0, id="a", name="f", arguments="{}"), piece(TEXT), call_piece(0, arguments="{}")],
        [piece(TEXT), piece(finish_reason="error")],
    ],
    ids=repr,
)
def test_what_is_no_completion_breaks_the_answer(chunks: list[dict[str, Any]]) -> None:
    with pytest.raises(AnswerBroken):
        events_of(chunks)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["index", "id", "name", "arguments", "function"]), inner)
    ),
    max_leaves=6,
)
DELTAS = st.dictionaries(
    st.sampled_from(["content", "refusal", "reasoning", "tool_calls"]), ANYTHING | st.text()
)


@given(st.lists(st.builds(lambda delta, usage: {**piece(delta), "usage": usage}, DELTAS, ANYTHING)))
def test_nothing_but_a_broken_answer_comes_of_whatever_is_sent(chunks: list[dict[str, Any]]) -> None:
    try:
        events = events_of(chunks)
    except AnswerBroken:
        return

    assert kinds(events)[-1] == "message_stop"
