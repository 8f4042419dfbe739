import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services import usage
from gateway.services.usage import Usage

NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just({}))


@pytest.mark.parametrize(
    ("report", "read"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 3}, Usage(10, 0, 3)),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
            Usage(6, 4, 3),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": None}, Usage(10, 0, 3)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 3,
                "prompt_cache_hit_tokens": 7,
                "prompt_cache_miss_tokens": 3,
            },
            Usage(3, 7, 3),
        ),
        ({"prompt_tokens": 10.0, "completion_tokens": 0}, Usage(10, 0, 0)),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}},
            Usage(0, 10, 3),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": -4}},
            Usage(10, 0, 3),
        ),
    ],
)
def test_a_report_is_read(report: object, read: Usage) -> None:
    assert usage.read(report) == read


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
    ],
)
def test_a_report_that_cannot_be_true_is_no_report(report: object) -> None:
    assert usage.read(report) is None


@given(prompt=NUMBERS, completion=NUMBERS, cached=NUMBERS, hit=NUMBERS)
def test_no_report_makes_a_count_negative_or_a_part_larger_than_its_whole(
    prompt: object, completion: object, cached: object, hit: object
) -> None:
    read = usage.read(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": cached},
            "prompt_cache_hit_tokens": hit,
        }
    )

    assert read is None or (min(read) >= 0 and read.input_tokens + read.cached_input_tokens == prompt)
