"""The body of `POST /v1/embeddings`: one text or many, as words or as tokens already."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.errors import FieldInvalid
from gateway.services import request_fields
from gateway.services.model_requests import ModelRequest, Surface

MOST_INPUTS = 2048
_EXPECTED = "a text, a list of texts, or tokens"


def read(body: bytes) -> ModelRequest:
    """Return what ``body`` asks for; raise what is wrong with it, naming the field."""
    fields = request_fields.json_object(body)
    request_fields.refuse(fields)
    return ModelRequest(
        surface=Surface.EMBEDDINGS,
        model=request_fields.model(fields),
        asked_output_tokens=0,
        messages=len(_inputs(fields)),
        rest=request_fields.written(fields, without=("model",)),
    )


def texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts; a list of tokens as a text of as many, each a short word."""
    for each in _inputs(fields):
        yield each if isinstance(each, str) else " a" * len(each)


def _inputs(fields: Mapping[str, Any]) -> list[Any]:
    """Return the inputs, each a text or a list of tokens."""
    given = fields.get("input")
    inputs = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    if not inputs or len(inputs) > MOST_INPUTS:
        raise FieldInvalid("input", f"from 1 to {MOST_INPUTS} texts")
    if not all(map(_is_input, inputs)):
        raise FieldInvalid("input", _EXPECTED)
    return inputs


def _is_input(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(type(token) is int for token in value)
    return isinstance(value, str) and bool(value)
