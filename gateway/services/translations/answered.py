"""An upstream's answer, read without trusting its shape: whatever is not as promised breaks the answer."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import AnswerBroken


def text(fields: Mapping[str, Any], name: str) -> str:
    """Return the text in ``name``; none is the empty one."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise AnswerBroken
    return value


def part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object in ``name``; none is the empty one."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise AnswerBroken
    return value


def parts(fields: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects in the list ``name``; none is the empty list."""
    values = fields.get(name)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        raise AnswerBroken
    return values


def writable(fields: dict[str, Any]) -> dict[str, Any]:
    """Return ``fields``, which can be written as JSON."""
    written(fields)
    return fields


def written(fields: Mapping[str, Any]) -> bytes:
    """Return ``fields`` as JSON."""
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError:  # numbers or depths beyond JSON as it is commonly read
        raise AnswerBroken from None
