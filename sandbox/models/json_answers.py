"""Answers in JSON: an instance of the schema that was asked for, with the echo wherever text may stand."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sandbox.models.refusals import Refusal

# What a schema that refers to itself may be followed down to.
_DEEPEST = 20
# The values of those types that cannot hold the echo.
_OTHERS: dict[object, Any] = {
    "object": {},
    "array": [],
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}


def answer(schema: Mapping[str, Any], *, echo: str) -> str:
    """Return JSON text of ``schema``; an empty one allows any object.

    It follows types, properties, items, enumerations, alternatives and references; one that leads nowhere
    raises Refusal. Bounds of numbers and patterns of texts it does not know.
    """
    value = _instance(schema, root=schema, echo=echo, depth=0) if schema else {"echo": echo}
    return orjson.dumps(value).decode()


def _instance(schema: Mapping[str, Any], *, root: Mapping[str, Any], echo: str, depth: int) -> Any:
    def follow(inner: Mapping[str, Any]) -> Any:
        return _instance(inner, root=root, echo=echo, depth=depth + 1) if depth < _DEEPEST else None

    match schema:
        case {"$ref": str(path)}:
            return follow(_referred(root, path))
        case {"anyOf": [_, *_] as options} | {"oneOf": [_, *_] as options}:
            return follow(_simplest(options))
        case {"type": "object", "properties": dict(properties)}:
            required = schema.get("required", properties)
            return {name: follow(inner) for name, inner in properties.items() if name in required}
        case {"type": "array", "items": dict(items)}:
            return [follow(items)] * max(schema.get("minItems", 1), 1)
        case _:
            return _plain(schema, echo)


def _referred(root: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    found: Any = root
    for name in path.removeprefix("#").split("/")[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise Refusal(f"{path!r} refers to nothing in the schema.")
    return found


def _simplest(options: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first that does not refer elsewhere: it may be what ends a list."""
    return next((option for option in options if "$ref" not in option), options[0])


def _plain(schema: Mapping[str, Any], echo: str) -> Any:
    match schema:
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"type": [kind, *_]} | {"type": kind}:
            return _OTHERS.get(kind, echo)
        case _:
            return echo
