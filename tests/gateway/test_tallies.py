import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services import tokenizer
from gateway.services.tallies import ChatTally, MessageTally
from gateway.services.usage import Reading, Usage

REPORT = {"prompt_tokens": 5, "completion_tokens": 2}


def test_the_last_report_counts() -> None:
    tally = ChatTally()

    tally.note({"usage": REPORT})
    tally.note({"usage": {"prompt_tokens": 5, "completion_tokens": 9}})
    tally.note({"usage": None})

    assert tally.reading == Reading(Usage(5, output_tokens=9), is_sound=True)


def test_the_first_id_is_kept_as_far_as_the_journal_has_room() -> None:
    tally = ChatTally()

    tally.note({"choices": []})
    tally.note({"id": "x" * 100})
    tally.note({"id": "later"})

    assert tally.upstream_id == "x" * 80


def test_each_choice_is_counted_by_itself() -> None:
    tally = ChatTally()

    for token in ["Hel", "lo", " wor", "ld"]:
        tally.note({"choices": [{"index": index, "delta": {"content": token}} for index in (0, 1)]})

    assert tally.count_output() == 2 * tokenizer.count("Hello world")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"role": "assistant", "content": "answer"}, "answer"),
        ({"reasoning_content": "thought", "content": None}, "thought"),
        ({"content": "", "refusal": "no"}, "no"),
        (
            {"tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            "f{}",
        ),
        ({}, ""),
    ],
)  # fmt: skip
def test_everything_that_the_model_wrote_counts(message: dict[str, object], text: str) -> None:
    whole, chunk = ChatTally(), ChatTally()

    whole.note({"choices": [{"index": 0, "message": message}]})
    chunk.note({"choices": [{"index": 0, "delta": message}]})

    assert whole.count_output() == chunk.count_output() == tokenizer.count(text)


@pytest.mark.parametrize(
    "piece",
    [{}, {"choices": None}, {"choices": "x"}, {"choices": [None, {}, {"delta": 3}]}, {"id": 7, "usage": "x"}],
)
def test_what_makes_no_sense_counts_nothing(piece: dict[str, object]) -> None:
    tally = ChatTally()

    tally.note(piece)

    assert (tally.reading, tally.upstream_id, tally.count_output()) == (None, "", 0)


def test_a_very_long_answer_is_counted_on_its_way() -> None:
    tally = ChatTally()

    for _ in range(8):
        tally.note({"choices": [{"index": 0, "delta": {"content": "hello " * 10_000}}]})

    assert tally.count_output() == tally.count_output() == pytest.approx(80_000, rel=0.001)


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "content": [],
        "usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 1},
    },
}  # fmt: skip


def test_a_stream_of_messages_reports_sums_and_not_parts() -> None:
    tally = MessageTally()

    tally.note(START)
    tally.note({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 4}})
    tally.note({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 9}})

    assert tally.reading == Reading(Usage(7, 3, 0, 9), is_sound=True)
    assert tally.upstream_id == "msg_1"


def test_of_a_message_that_broke_off_only_the_input_is_known() -> None:
    tally = MessageTally()

    tally.note(START)
    tally.note({"type": "content_block_start", "content_block": {"type": "tool_use", "id": "x", "name": "f"}})
    tally.note({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{}"}})

    assert tally.reading is None
    assert tally.input_reading == Reading(Usage(7, 3, 0, 1), is_sound=True)
    assert tally.count_output() == tokenizer.count("f{}")


def test_a_whole_message_is_counted_like_its_stream() -> None:
    tally = MessageTally()

    tally.note(
        {
            "type": "message", "id": "msg_2",
            "content": [
                {"type": "text", "text": "Hello"},
                {"type": "thinking", "thinking": "so", "signature": "x"},
            ],
            "usage": {"input_tokens": 7, "cache_creation_input_tokens": 2, "output_tokens": 9},
        }
    )  # fmt: skip

    assert tally.reading == Reading(Usage(7, 0, 2, 9), is_sound=True)
    assert tally.count_output() == tokenizer.count("Helloso")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["index", "delta", "content"]), inner),
    max_leaves=8,
)


PIECES = st.dictionaries(
    st.sampled_from(["id", "usage", "choices", "type", "message", "delta", "content", "content_block"]),
    ANYTHING | st.sampled_from(["message_start", "message_delta", "content_block_delta"]),
)


@given(st.sampled_from([ChatTally, MessageTally]), PIECES)
def test_no_piece_of_an_answer_stops_the_counting(
    kind: type[ChatTally] | type[MessageTally], piece: dict[str, object]
) -> None:
    tally = kind()

    tally.note(piece)

    assert tally.count_output() >= 0
