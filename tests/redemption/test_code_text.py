"""How codes are written and read."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from redemption.errors import CodeMistyped
from redemption.services import code_text
from redemption.services.code_text import LENGTH, RANDOM_LENGTH, SYMBOLS, CodeText

codes = st.builds(lambda: code_text.generate(1)[0])
random_parts = st.text(SYMBOLS, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH)
places = st.integers(0, LENGTH - 1)


def test_a_code_is_28_symbols_shown_7_by_4() -> None:
    code = code_text.generate(1)[0]

    shown = code_text.grouped(code)

    assert [len(group) for group in shown.split("-")] == [4] * 7
    assert code_text.normalise(shown) == code


def test_codes_of_one_call_are_all_different_and_use_every_symbol() -> None:
    generated = code_text.generate(1000)

    assert len(set(generated)) == 1000
    assert set("".join(code[:RANDOM_LENGTH] for code in generated)) == set(SYMBOLS)


@pytest.mark.parametrize(("number", "check"), [("00", "01"), ("01", "02"), ("ZW", "ZX"), ("ZX", "01")])
def test_the_check_symbols_are_the_remainder_of_1021_and_the_purpose(number: str, check: str) -> None:
    code = "0" * 24 + number + check

    assert code_text.normalise(code) == code


@given(codes)
def test_case_spaces_and_dashes_do_not_matter(code: CodeText) -> None:
    typed = " ".join(code_text.grouped(code).lower().split("-")) + "\n"

    assert code_text.normalise(typed) == code


@pytest.mark.parametrize(
    "dash", ["-", "‐", "‑", "–", "—", "——", "−", "－", "ー", "一", "_", "\u3000", "\u00ad", "·"]
)
def test_any_dash_that_a_keyboard_gives_is_a_dash(dash: str) -> None:
    code = code_text.generate(1)[0]

    assert code_text.normalise(code_text.grouped(code).replace("-", dash)) == code


@given(codes)
def test_full_width_forms_of_chinese_input_methods_are_read(code: CodeText) -> None:
    full_width = "".join(chr(ord(symbol) + 0xFEE0) for symbol in code_text.grouped(code).lower())

    assert code_text.normalise(full_width) == code


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    code = code_text.normalise("0" * 25 + "1" + "02")

    assert code_text.normalise("o" * 12 + "O" * 13 + "l" + "O2") == code
    assert code_text.normalise("O" * 25 + "i" + "02") == code


@given(codes, places, st.sampled_from(SYMBOLS))
def test_one_wrong_symbol_is_always_noticed(code: CodeText, place: int, symbol: str) -> None:
    assume(symbol != code[place])

    with pytest.raises(CodeMistyped):
        code_text.normalise(code[:place] + symbol + code[place + 1 :])


@given(codes, st.integers(0, LENGTH - 2))
def test_two_neighbours_swapped_are_always_noticed(code: CodeText, place: int) -> None:
    first, second = code[place], code[place + 1]
    assume(first != second)

    with pytest.raises(CodeMistyped):
        code_text.normalise(code[:place] + second + first + code[place + 2 :])


@given(random_parts)
def test_random_symbols_have_exactly_one_right_ending(symbols: str) -> None:
    endings = [first + second for first in SYMBOLS for second in SYMBOLS]

    accepted = [ending for ending in endings if is_code(symbols + ending)]

    assert len(accepted) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "0" * 27,
        "0" * 29,
        "U" * 28,
        "0" * 26 + "0U",
        "é" * 28,
        "١" * 28,
        "\x00" * 28,
        "0" * 26 + "00",
    ],
)
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(CodeMistyped):
        code_text.normalise(typed)


def test_a_whole_page_pasted_by_mistake_is_refused_unread() -> None:
    code = code_text.generate(1)[0]

    with pytest.raises(CodeMistyped):
        code_text.normalise(code + "-" * 200)


@given(st.text(max_size=300))
def test_no_text_makes_the_reading_fail(typed: str) -> None:
    is_code(typed)


def is_code(typed: str) -> bool:
    try:
        code_text.normalise(typed)
    except CodeMistyped:
        return False
    return True
