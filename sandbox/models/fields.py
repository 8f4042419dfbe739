"""Reading the fields of a request's body; each refuses what is wrong with its own."""

from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.models.refusals import Refusal


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that ``body`` is."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal("The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Refusal("The body must be a JSON object.")
    return fields


def model(fields: Mapping[str, Any]) -> str:
    """Return the id of the model that is asked."""
    named = fields.get("model")
    if not isinstance(named, str) or not named:
        raise Refusal("A model is required.", param="model")
    return named


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """Return the truth under ``name``; what is absent is false."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refusal(f"{name} must be true or false.", param=name)
    return bool(value)


def count(fields: Mapping[str, Any], name: str, *, least: int = 1, most: int | None = None) -> int | None:
    """Return the whole number under ``name``, if there is one."""
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or value < least:
        raise Refusal(f"{name} must be a whole number from {least} on.", param=name)
    if most is not None and value > most:
        raise Refusal(f"{name} must be at most {most}.", param=name)
    return value


def objects(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the list of objects under ``name``; what is absent is empty."""
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Refusal(f"{name} must be a list of objects.", param=name)
    return value


def inner(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the object under ``name``; what is absent is empty."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(f"{name} must be an object.", param=name)
    return value
