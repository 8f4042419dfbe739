"""Creem's own OpenAPI description, and what is wrong with a call by its word.

Read more strictly than it is written: an object that lists its properties has no others.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from jsonschema import Draft4Validator, FormatChecker

from tests.billing.providers.recorded import FIXTURES

_FORMATS = FormatChecker(formats=[])


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _strict(part: Any) -> Any:
    """Return a part of the description in the words of JSON Schema, with closed objects."""
    if isinstance(part, list):
        return [_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    strict = {name: _strict(each) for name, each in part.items()}
    if "properties" in strict and strict.get("type") == "object":
        strict.setdefault("additionalProperties", False)
    if strict.get("nullable") is True:
        return {"anyOf": [{"type": "null"}, {**strict, "nullable": None}]}
    return strict


DESCRIPTION = orjson.loads((FIXTURES / "openapi.json").read_bytes())
_COMPONENTS = _strict(DESCRIPTION["components"])


def complaints(call: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a call and its answer, as the sandbox's traffic has them."""
    path = call["path"].removeprefix("/creem")
    operation = _paths(path).get(call["method"].lower())
    if operation is None:
        return [f"there is no {call['method']} {path}"]
    return [
        *_wrong_query(operation, call["query"]),
        *_wrong_body(operation, call["body"]),
        *_wrong_answer(operation, call["status"], call["answer"]),
    ]


def _paths(path: str) -> Mapping[str, Any]:
    """Return what can be done at a path; one that is described as it stands goes before one with an id."""
    described: Mapping[str, Mapping[str, Any]] = DESCRIPTION["paths"]
    fitting = (name for name in described if _fits(path, name))
    return described.get(path) or described.get(next(fitting, ""), {})


def _fits(path: str, described: str) -> bool:
    parts, wanted = path.split("/"), described.split("/")
    return len(parts) == len(wanted) and all(
        part == name or (part and name.startswith("{")) for part, name in zip(parts, wanted, strict=True)
    )


def _wrong_query(operation: Mapping[str, Any], query: Mapping[str, str]) -> Iterator[str]:
    parameters = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
    yield from (f"query: {name} is not known" for name in query.keys() - parameters)
    for name, parameter in parameters.items():
        if name not in query:
            yield from [f"query: {name} is missing"] if parameter["required"] else []
        else:
            is_number = parameter["schema"]["type"] == "number"
            value = orjson.loads(query[name]) if is_number else query[name]
            yield from wrong(parameter["schema"], value, where=f"query {name}")


def _wrong_body(operation: Mapping[str, Any], body: str) -> Iterator[str]:
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield from wrong(schema, orjson.loads(body), where="body")
    elif body:
        yield "body: there is none"


def _wrong_answer(operation: Mapping[str, Any], status: int, answer: str) -> Iterator[str]:
    response = operation["responses"].get(str(status))
    if response is None:
        yield f"answer: {status} is not known"
    elif "content" in response:
        schema = response["content"]["application/json"]["schema"]
        yield from wrong(schema, orjson.loads(answer), where="answer")


def wrong(schema: Mapping[str, Any], value: Any, *, where: str) -> Iterator[str]:
    """Yield what is wrong with ``value`` by a schema of the description."""
    # Beside a reference everything is ignored, so it stands in a list of its own.
    root = {"allOf": [_strict(schema)], "components": _COMPONENTS}
    for error in Draft4Validator(root, format_checker=_FORMATS).iter_errors(value):
        yield f"{where} {error.json_path}: {error.message}"


def component(name: str) -> dict[str, str]:
    """Return a reference to a schema of the description."""
    return {"$ref": f"#/components/schemas/{name}"}
