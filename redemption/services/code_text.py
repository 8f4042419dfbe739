"""How a code is written: 26 random symbols and two that check them, shown 7 x 4, typed as people type.

The symbols are Crockford's base32: the digits and the capital letters but I, L, O and U. Read as a number,
the random part leaves a remainder of 1021; the two check symbols are that remainder plus the purpose. As 1021
is prime, one wrong symbol or two neighbours swapped always show.
"""

import secrets
import unicodedata
from enum import IntEnum
from typing import NewType

from redemption.errors import CodeMistyped, OrderNumberTyped

CodeText = NewType("CodeText", str)

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_LENGTH = 26
LENGTH = RANDOM_LENGTH + 2
GROUP_LENGTH = 4
CHECK_MODULUS = 1021
# Far more than a code with every separator one could put in: longer text is not worth looking at.
LONGEST_TYPED = 200

_KNOWN = frozenset(SYMBOLS)
_SYMBOL_OF_BYTE = (SYMBOLS * 8).encode()
_CHECKS = [first + second for first in SYMBOLS for second in SYMBOLS]
_TO_PYTHON_DIGITS = str.maketrans(SYMBOLS, "0123456789abcdefghijklmnopqrstuv")
# What is meant by the letters that no code contains, and by two characters that keyboards give for a dash.
_MEANT = str.maketrans("OIL", "011", "ー一")


class Purpose(IntEnum):
    """What a text of this form opens. Two purposes never share a text, so a field knows a stranger's.

    1024 pairs of check symbols less 1021 remainders leave room for the numbers 0 to 3.
    """

    CODE = 1
    ORDER_NUMBER = 2


def generate(count: int) -> list[CodeText]:
    """Return ``count`` new codes of 130 random bits each."""
    symbols = secrets.token_bytes(count * RANDOM_LENGTH).translate(_SYMBOL_OF_BYTE).decode("ascii")
    starts = range(0, len(symbols), RANDOM_LENGTH)
    return [CodeText(_with_check(symbols[start : start + RANDOM_LENGTH], Purpose.CODE)) for start in starts]


def generate_order_number() -> str:
    """Return a text of the same form and the same 130 random bits that opens an order."""
    symbols = secrets.token_bytes(RANDOM_LENGTH).translate(_SYMBOL_OF_BYTE).decode("ascii")
    return _with_check(symbols, Purpose.ORDER_NUMBER)


def normalise(typed: str) -> CodeText:
    """Return the code that somebody meant by ``typed``.

    Raises OrderNumberTyped when it is an order number, CodeMistyped when it can be neither.
    """
    text, purpose = parse(typed)
    if purpose is Purpose.ORDER_NUMBER:
        raise OrderNumberTyped
    return CodeText(text)


def parse(typed: str) -> tuple[str, Purpose]:
    """Return the text of this form that somebody meant by ``typed``, and what it opens; else CodeMistyped.

    Case, spaces, dashes and full-width forms do not matter; O is read as 0, I and L as 1.
    """
    if len(typed) > LONGEST_TYPED:
        raise CodeMistyped
    meant = unicodedata.normalize("NFKC", typed).upper().translate(_MEANT)
    text = "".join(filter(str.isalnum, meant))
    if len(text) != LENGTH or not _KNOWN.issuperset(text):
        raise CodeMistyped
    remainder = _remainder(text[:RANDOM_LENGTH])
    for purpose in Purpose:
        if text[RANDOM_LENGTH:] == _CHECKS[remainder + purpose]:
            return text, purpose
    raise CodeMistyped


def grouped(text: str) -> str:
    """Return a text of this form as it is shown to people: seven groups of four."""
    return "-".join(text[start : start + GROUP_LENGTH] for start in range(0, LENGTH, GROUP_LENGTH))


def _with_check(random_symbols: str, purpose: Purpose) -> str:
    return random_symbols + _CHECKS[_remainder(random_symbols) + purpose]


def _remainder(random_symbols: str) -> int:
    return int(random_symbols.translate(_TO_PYTHON_DIGITS), len(SYMBOLS)) % CHECK_MODULUS
