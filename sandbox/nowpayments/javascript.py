"""JSON as JavaScript prints it, which NowPayments is written in: numbers are doubles, printed shortest."""

import json
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

_FIRST_WITH_EXPONENT = 1e21
_LAST_WITHOUT_EXPONENT = 1e-6


def stringify(value: Any) -> str:
    """Return the text of a value; a Decimal is a number."""
    match value:
        case bool() | str() | None:
            return json.dumps(value, ensure_ascii=False)
        case int() | float() | Decimal():
            return _number(float(value))
        case Mapping():
            return "{" + ",".join(f"{stringify(key)}:{stringify(each)}" for key, each in value.items()) + "}"
        case _:
            return "[" + ",".join(map(stringify, value)) + "]"


def with_sorted_keys(value: Any) -> Any:
    """Return a value with the keys of all its objects in their order, arrays as they are."""
    match value:
        case Mapping():
            return {key: with_sorted_keys(value[key]) for key in sorted(value)}
        case list():
            return [with_sorted_keys(each) for each in value]
        case _:
            return value


def with_arrays_as_objects(value: Any) -> Any:
    """Return a value as the sample in NowPayments' guide sorts it, which makes objects of arrays."""
    match value:
        case Mapping():
            return {key: with_arrays_as_objects(each) for key, each in value.items()}
        case list():
            return {str(place): with_arrays_as_objects(each) for place, each in enumerate(value)}
        case _:
            return value


def _number(value: float) -> str:
    if not isfinite(value):
        return "null"
    shortest = Decimal(repr(value)).normalize()
    if not value:
        return "0"
    if _LAST_WITHOUT_EXPONENT <= abs(value) < _FIRST_WITH_EXPONENT:
        return f"{shortest:f}"
    digits, exponent = f"{shortest:e}".split("e")
    return f"{digits}e{int(exponent):+d}"
