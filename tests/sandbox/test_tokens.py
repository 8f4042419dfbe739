"""The sandbox's tokens are easy to count by eye, and lose nothing of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.models.tokens import count_tokens, split_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  ", ["  "]),
        ("two words", ["two", " words"]),
        ("  around  it \n", ["  around", "  it \n"]),
        ("你好，world!", ["你", "好", "，", "world!"]),
        ("かな 한글", ["か", "な", " 한", "글"]),
        ("𠀀x", ["𠀀", "x"]),
    ],
)
def test_each_cjk_character_and_each_other_word_is_a_token(text: str, tokens: list[str]) -> None:
    assert split_tokens(text) == tokens


@given(st.text())
def test_tokens_put_together_are_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text


@given(st.text())
def test_counting_and_cutting_agree(text: str) -> None:
    assert count_tokens(text) == len(split_tokens(text))
