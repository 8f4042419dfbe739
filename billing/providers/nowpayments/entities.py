"""Reading NowPayments' objects: ids and amounts are numbers here and texts there."""

import re
from decimal import Decimal
from typing import Any

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_MOST_PLACES = 30


def id_of(value: Any) -> str | None:
    """Return an id, which is plain digits: what was written with a point or an exponent is none."""
    spelt = str(value) if type(value) is int else value
    return spelt if isinstance(spelt, str) and _ID.fullmatch(spelt) else None


def amount(value: Any) -> Decimal | None:
    """Return an amount from 0 on, exactly."""
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        value = Decimal(value)
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or value.is_signed():
        return None
    return value if not value or abs(value.adjusted()) < _MOST_PLACES else None


def coin(value: Any) -> str | None:
    """Return a coin's code in small letters, as requests and notifications have it."""
    is_usable = isinstance(value, str) and 0 < len(value) <= 40 and value.isascii() and value.isalnum()
    return value.lower() if is_usable else None


def places(value: Any) -> int | None:
    """Return how many places a coin has behind the point; it is a text at times."""
    stated = int(value) if isinstance(value, str) and value in {str(each) for each in range(31)} else value
    return stated if type(stated) is int and 0 <= stated <= _MOST_PLACES else None
