import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services import tokenizer
from gateway.services.tallies import Tally
from gateway.services.usage import Usage

REPORT = {"prompt_tokens": 5, "completion_tokens": 2}


def test_the_last_report_counts() -> None:
    tally = Tally()

    tally.note({"usage": REPORT})
    tally.note({"usage": {"prompt_tokens": 5, "completion_tokens": 9}})
    tally.note({"usage": None})

    assert tally.usage == Usage(5, 0, 9)


def test_the_first_id_is_kept_as_far_as_the_journal_has_room() -> None:
    tally = Tally()

    tally.note({"choices": []})
    tally.note({"id": "x" * 100})
    tally.note({"id": "later"})

    assert tally.upstream_id == "x" * 80


def test_each_choice_is_counted_by_itself() -> None:
    tally = Tally()

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
    whole, chunk = Tally(), Tally()

    whole.note({"choices": [{"index": 0, "message": message}]})
    chunk.note({"choices": [{"index": 0, "delta": message}]})

    assert whole.count_output() == chunk.count_output() == tokenizer.count(text)


@pytest.mark.parametrize(
    "piece",
    [{}, {"choices": None}, {"choices": "x"}, {"choices": [None, {}, {"delta": 3}]}, {"id": 7, "usage": "x"}],
)
def test_what_makes_no_sense_counts_nothing(piece: dict[str, object]) -> None:
    tally = Tally()

    tally.note(piece)

    assert (tally.usage, tally.upstream_id, tally.count_output()) == (None, "", 0)


def test_a_very_long_answer_is_counted_on_its_way() -> None:
    tally = Tally()

    for _ in range(8):
        tally.note({"choices": [{"index": 0, "delta": {"content": "hello " * 10_000}}]})

    assert tally.count_output() == tally.count_output() == pytest.approx(80_000, rel=0.001)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["index", "delta", "content"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["id", "usage", "choices"]), ANYTHING))
def test_no_chunk_of_an_upstream_stops_the_counting(piece: dict[str, object]) -> None:
    tally = Tally()

    tally.note(piece)

    assert tally.count_output() >= 0
