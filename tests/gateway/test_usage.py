import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services import usage
from gateway.services.usage import Reading, Usage

NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just({}))


@pytest.mark.parametrize(
    ("report", "read"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 3}, Usage(10, 0, 0, 3)),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
            Usage(6, 4, 0, 3),
        ),
        (
            {
                "prompt_tokens": 10, "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            Usage(1, 4, 5, 3, 2),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": None}, Usage(10, 0, 0, 3)),
        (
            {
                "prompt_tokens": 10, "completion_tokens": 3,
                "prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 3,
            },
            Usage(3, 7, 0, 3),
        ),
        ({"prompt_tokens": 10.0, "completion_tokens": 0}, Usage(10, 0, 0, 0)),
        # an embedding
        ({"prompt_tokens": 10, "total_tokens": 10}, Usage(10)),
        # a response, a picture, a transcript
        (
            {
                "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4},
                "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 2},
            },
            Usage(6, 4, 0, 3, 2),
        ),
        (
            {"input_tokens": 10, "input_token_details": {"audio_tokens": 9}, "output_tokens": 3},
            Usage(10, 0, 0, 3),
        ),
        ({"type": "duration", "seconds": 61.2}, Usage(seconds=62)),
        # a message
        (
            {
                "input_tokens": 10, "output_tokens": 3,
                "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5,
            },
            Usage(10, 4, 5, 3),
        ),
        ({"input_tokens": 0, "cache_read_input_tokens": 4, "output_tokens": 3}, Usage(0, 4, 0, 3)),
        (
            {"input_tokens": 10, "cache_read_input_tokens": None, "output_tokens": 3,
             "output_tokens_details": {"thinking_tokens": 2}},
            Usage(10, 0, 0, 3, 2),
        ),
    ],
)  # fmt: skip
def test_a_report_is_read(report: object, read: Usage) -> None:
    assert usage.read(report) == Reading(read, is_sound=True)


@pytest.mark.parametrize(
    ("report", "read"),
    [
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}},
            Usage(0, 10, 0, 3),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": -4}},
            Usage(10, 0, 0, 3),
        ),
        (
            {
                "prompt_tokens": 10, "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 8},
            },
            Usage(0, 8, 2, 3),
        ),
        (
            {
                "prompt_tokens": 10, "completion_tokens": 3,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(10, 0, 0, 3, 3),
        ),
        ({"input_tokens": 10, "cache_read_input_tokens": "many", "output_tokens": 3}, Usage(10, 0, 0, 3)),
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_true_is_cut_and_noted(report: object, read: Usage) -> None:
    assert usage.read(report) == Reading(read, is_sound=False)


def test_pictures_and_characters_are_known_to_the_surface_alone() -> None:
    read = usage.read({"input_tokens": 10, "output_tokens": 3}, images=2, characters=5)

    assert read == Reading(Usage(10, output_tokens=3, images=2, characters=5), is_sound=True)


@pytest.mark.parametrize(
    "report",
    [
        None,
        "many",
        [],
        {},
        {"prompt_tokens": 10},
        {"completion_tokens": 10},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": -1, "completion_tokens": 3},
        {"prompt_tokens": 10, "completion_tokens": -3},
        {"prompt_tokens": True, "completion_tokens": 3},
        {"prompt_tokens": "10", "completion_tokens": 3},
        {"prompt_tokens": 10.5, "completion_tokens": 3},
        {"prompt_tokens": float("inf"), "completion_tokens": 3},
        {"prompt_tokens": 10**30, "completion_tokens": 3},
        {"input_tokens": 0, "output_tokens": 3},
        {"input_tokens": 5, "input_tokens_details": {}},
        {"input_tokens": -5, "cache_read_input_tokens": 9, "output_tokens": 3},
        {"type": "duration", "seconds": -1},
        {"type": "duration", "seconds": True},
        {"type": "duration", "seconds": float("nan")},
    ],
)
def test_a_report_that_cannot_be_true_is_no_report(report: object) -> None:
    assert usage.read(report) is None


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens",
                "prompt_cache_hit_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
            ]
        ),
        NUMBERS,
    ),
    st.dictionaries(
        st.sampled_from(["prompt_tokens_details", "input_tokens_details", "completion_tokens_details"]),
        st.dictionaries(
            st.sampled_from(["cached_tokens", "cache_write_tokens", "reasoning_tokens"]), NUMBERS
        ),
    ),
)  # fmt: skip
def test_no_report_makes_a_count_negative_or_a_part_larger_than_its_whole(
    totals: dict[str, object], details: dict[str, object]
) -> None:
    reading = usage.read({**totals, **details})

    if reading is not None:
        used = reading.usage
        assert min(used) >= 0
        assert used.reasoning_tokens <= used.output_tokens
        assert "prompt_tokens" not in totals or totals["prompt_tokens"] == sum(used[:3])
