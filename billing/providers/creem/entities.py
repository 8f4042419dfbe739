"""Reading Creem's objects: nothing in them is relied on to be there, or to be what it should be.

What can be an id or the whole object is read either way; times come in milliseconds, in seconds or as text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.providers.facts import Mode

LONGEST_TEXT = 255
LARGEST_NUMBER = 10**15

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As milliseconds this is March 1973, as seconds the year 5138.
_FIRST_MILLISECONDS = 10**11
_MODES = {"prod": Mode.LIVE, "live": Mode.LIVE, "test": Mode.TEST, "sandbox": Mode.TEST, "local": Mode.TEST}

Entity = Mapping[str, Any]


def expanded(value: Any) -> Entity:
    """Return the object that ``value`` is; one that was not expanded, or is not there, has no keys."""
    return value if isinstance(value, dict) else {}


def first(entity: Entity, *names: str) -> Any:
    """Return the first of these that ``entity`` says; null is not saying it."""
    return next((entity[name] for name in names if entity.get(name) is not None), None)


def id_of(value: Any) -> str | None:
    """Return the id of what may be an id or an object."""
    return text(value.get("id") if isinstance(value, dict) else value)


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
    """Return a moment that is stated in any of Creem's ways."""
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


def mode(*entities: Entity) -> Mode:
    """Return the one mode of all these; UNKNOWN when they differ, or when none says so in words we know."""
    words = [str(entity["mode"]) for entity in entities if entity.get("mode") is not None]
    stated = {_MODES.get(word, Mode.UNKNOWN) for word in words}
    return stated.pop() if len(stated) == 1 else Mode.UNKNOWN


def reference(*entities: Entity) -> str | None:
    """Return our own reference, from the first of these that carries it as request or as metadata."""
    for entity in entities:
        found = text(entity.get("request_id")) or text(expanded(entity.get("metadata")).get("reference"))
        if found:
            return found
    return None


def _moment_in_words(words: str) -> datetime | None:
    try:
        stated = datetime.fromisoformat(words)
    except ValueError:
        return None
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
