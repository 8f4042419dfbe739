"""Reading the fields of a request's body: each is what it must be, or is named in the refusal."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.errors import BodyUnreadable, FieldInvalid, FieldNotOffered

Fields = dict[str, Any]

# Where some upstreams, routers themselves, would let the caller choose who answers and at whose cost.
_STEERING = (
    "models", "fallbacks", "route", "provider", "model_list", "user_config", "custom_llm_provider",
    "api_base", "base_url", "api_key", "api_version", "extra_headers", "extra_query", "extra_body",
)  # fmt: skip


def json_object(body: bytes) -> Fields:
    """Return the object that ``body`` is."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyUnreadable from None
    if not isinstance(fields, dict):
        raise BodyUnreadable
    return fields


def written(fields: Mapping[str, Any], *, without: Sequence[str]) -> bytes:
    """Return ``fields`` as JSON, but for those that the gateway writes itself."""
    try:
        return orjson.dumps({name: value for name, value in fields.items() if name not in without})
    except orjson.JSONEncodeError:  # nested deeper than anything that makes sense
        raise BodyUnreadable from None


def refuse(fields: Mapping[str, Any], *unpriced: str) -> None:
    """Refuse what has no price here, or would choose the upstream."""
    for name in (*unpriced, *_STEERING):
        if fields.get(name):
            raise FieldNotOffered(name)


def model(fields: Mapping[str, Any]) -> str:
    """Return the name of the model."""
    name = fields.get("model")
    if not isinstance(name, str) or not name:
        raise FieldInvalid("model", "the name of a model")
    return name


def messages(fields: Mapping[str, Any]) -> list[Fields]:
    """Return the messages, at least one."""
    found = fields.get("messages")
    if not isinstance(found, list) or not found:
        raise FieldInvalid("messages", "a list of at least one message")
    for position, message in enumerate(found):
        if not isinstance(message, dict):
            raise FieldInvalid(f"messages[{position}]", "an object")
    return found


def items(fields: Mapping[str, Any], name: str) -> list[Any]:
    """Return the list under ``name``; an absent one is empty."""
    found = fields.get(name) or []
    if not isinstance(found, list):
        raise FieldInvalid(name, "a list")
    return found


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """Return whether ``name`` is true; absent is false."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise FieldInvalid(name, "true or false")
    return bool(value)


def count(fields: Mapping[str, Any], name: str, *, most: int | None = None) -> int | None:
    """Return the number under ``name``, from 1 on; None when it is absent."""
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise FieldInvalid(name, "a whole number from 1 on")
    if most is not None and value > most:
        raise FieldInvalid(name, f"at most {most}")
    return value
