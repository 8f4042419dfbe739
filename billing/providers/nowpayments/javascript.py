"""JSON as JavaScript prints it: that text is what NowPayments signs, and Python's own is another.

JavaScript makes a double of every number and prints the shortest digits that lead back to it. It sorts keys
by their UTF-16 units, and keeps those that could be places of an array before all others.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

_MOST_PLACES = 21
_LEAST_EXPONENT = -6
_LARGEST_PLACE = 2**32 - 2


class Number(str):
    """A number as JavaScript prints it."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """Return what JSON ``body`` says, with a `Number` for each number.

    Raises ValueError, and RecursionError for nesting beyond all reason. A key that stands twice in an object
    is refused: its readers would not agree on what was said.
    """
    return json.loads(
        body.decode(),
        parse_int=number,
        parse_float=number,
        parse_constant=_refuse,
        object_pairs_hook=_without_repetition,
    )


def number(spelling: str) -> Number:
    """Return how JavaScript prints the number that JSON spells so."""
    double = float(spelling)  # JavaScript has no other numbers
    if not isfinite(double):
        return Number("null")
    sign, digits, exponent = Decimal(repr(double)).normalize().as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - it is finite
    shown = _shown("".join(map(str, digits)), exponent)
    return Number(f"-{shown}" if sign and double else shown)


def stringify(value: Any) -> str:
    """Return the text of a parsed value, without spaces, its keys sorted in every object."""
    match value:
        case Number():
            return str(value)
        case dict():
            pairs = (f"{_quoted(key)}:{stringify(value[key])}" for key in sorted(value, key=_place))
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(map(stringify, value)) + "]"
        case _:
            return _quoted(value)


def with_arrays_as_objects(value: Any) -> Any:
    """Return a parsed value in which each array is an object, with the places as keys."""
    match value:
        case dict():
            return {key: with_arrays_as_objects(each) for key, each in value.items()}
        case list():
            return {str(place): with_arrays_as_objects(each) for place, each in enumerate(value)}
        case _:
            return value


def _shown(digits: str, exponent: int) -> str:
    """Return 0.``digits`` x 10^point, where the point is after all digits but for the ``exponent``."""
    point = len(digits) + exponent
    if digits == "0":
        return "0"
    if len(digits) <= point <= _MOST_PLACES:
        return digits.ljust(point, "0")
    if 0 < point <= _MOST_PLACES:
        return f"{digits[:point]}.{digits[point:]}"
    if _LEAST_EXPONENT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _quoted(value: str | bool | None) -> str:  # noqa: FBT001 - any constant
    return json.dumps(value, ensure_ascii=False)


def _place(key: str) -> tuple[bool, int, bytes]:
    is_index = key.isascii() and key.isdecimal() and len(key) <= 10 and str(int(key)) == key
    place = int(key) if is_index else 0
    is_index = is_index and place <= _LARGEST_PLACE
    return not is_index, place if is_index else 0, key.encode("utf-16-be", "surrogatepass")


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return said


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")
