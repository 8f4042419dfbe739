"""Reading what a provider says: nothing in it is relied on to be there, or to be what it should be."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

LONGEST_TEXT = 255
LARGEST_NUMBER = 10**15

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As milliseconds this is March 1973, as seconds the year 5138.
_FIRST_MILLISECONDS = 10**11

Entity = Mapping[str, Any]


def expanded(value: Any) -> Entity:
    """Return the object that ``value`` is; one that was not expanded, or is not there, has no keys."""
    return value if isinstance(value, dict) else {}


def first(entity: Entity, *names: str) -> Any:
    """Return the first of these that ``entity`` says; null is not saying it."""
    return next((entity[name] for name in names if entity.get(name) is not None), None)


def text(value: Any) -> str | None:
    """Return a text that fits in a column and on a page; nothing with control characters is one."""
    is_usable = isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()
    return value if is_usable else None


def number(value: Any) -> int | None:
    """Return a whole number from 0 on: an amount in cents, or how many."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 15 and value == int(value):
        value = int(value)
    is_usable = type(value) is int and 0 <= value <= LARGEST_NUMBER
    return value if is_usable else None


def currency(value: Any) -> str | None:
    """Return a currency's three letters."""
    code = value.upper() if isinstance(value, str) else ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def moment(value: Any) -> datetime | None:
    """Return a moment that is stated in milliseconds, in seconds or as text."""
    if isinstance(value, str):
        return _moment_in_words(value)
    since = number(value)
    if since is None:
        return None
    milliseconds = since if since >= _FIRST_MILLISECONDS else since * 1000
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _moment_in_words(words: str) -> datetime | None:
    try:
        stated = datetime.fromisoformat(words)
    except ValueError:
        return None
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
