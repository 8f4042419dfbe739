"""Reading Creem's objects: what can be an id or the whole object is read either way."""

from typing import Any

from billing.providers.entities import Entity, currency, expanded, first, moment, number, text
from billing.providers.facts import Mode

__all__ = [
    "Entity",
    "currency",
    "expanded",
    "first",
    "id_of",
    "mode",
    "moment",
    "number",
    "reference",
    "text",
]

_MODES = {"prod": Mode.LIVE, "live": Mode.LIVE, "test": Mode.TEST, "sandbox": Mode.TEST, "local": Mode.TEST}


def id_of(value: Any) -> str | None:
    """Return the id of what may be an id or an object."""
    return text(value.get("id") if isinstance(value, dict) else value)


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
