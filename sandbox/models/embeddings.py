"""The embeddings surface: requests, and vectors that depend on nothing but the text."""

import math
from array import array
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import shake_128
from typing import Any

import orjson

from sandbox.behaviour import Report
from sandbox.models import fields as reading
from sandbox.models import wire
from sandbox.models.openai_shape import OpenAIShape
from sandbox.models.refusals import Refusal
from sandbox.models.tokens import count_tokens
from sandbox.models.wire import Answer

USUAL_DIMENSIONS, MOST_DIMENSIONS = 1536, 3072
MOST_INPUTS = 2048


@dataclass(frozen=True, slots=True)
class Embedded:
    """One text to embed, or the numbers of its tokens."""

    content: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """A valid request to ``/v1/embeddings``."""

    model: str
    inputs: list[Embedded]
    dimensions: int
    in_base64: bool


def read_embeddings_request(body: bytes) -> EmbeddingsRequest:
    """Return the request that ``body`` states; raises Refusal, saying what is wrong with it."""
    fields = reading.read_object(body)
    form = fields.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise Refusal("encoding_format is float or base64.", param="encoding_format")
    return EmbeddingsRequest(
        model=reading.model(fields),
        inputs=_inputs(fields),
        dimensions=reading.count(fields, "dimensions", most=MOST_DIMENSIONS) or USUAL_DIMENSIONS,
        in_base64=form == "base64",
    )


def _inputs(fields: Mapping[str, Any]) -> list[Embedded]:
    given = fields.get("input")
    match given:
        case str() | [int(), *_]:
            inputs = [_embedded(given)]
        case [_, *_] if len(given) <= MOST_INPUTS:
            inputs = [_embedded(each) for each in given]
        case _:
            raise Refusal(f"input is a text, a list of tokens, or up to {MOST_INPUTS} such.", param="input")
    return inputs


def _embedded(given: object) -> Embedded:
    match given:
        case str(text) if text:
            return Embedded(text.encode(), count_tokens(text))
        case [_, *_] as tokens if all(type(token) is int and token >= 0 for token in tokens):
            return Embedded(orjson.dumps(tokens), len(tokens))
        case _:
            raise Refusal("A text or a list of tokens must not be empty.", param="input")


class EmbeddingsWire:
    """An answer to an embeddings call."""

    shape = OpenAIShape()

    def __init__(self, call_id: str, asked: EmbeddingsRequest) -> None:
        self._id = call_id
        self._asked = asked

    def usage(self, *, output: int | None = None) -> dict[str, Any]:
        """Count the tokens of the inputs, which are all there are."""
        tokens = sum(given.tokens for given in self._asked.inputs)
        return {"prompt_tokens": tokens, "total_tokens": tokens}

    def answer(self, report: Report) -> Answer:
        """Put the vectors into their form."""
        answer: dict[str, Any] = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": self._embedding(given)}
                for index, given in enumerate(self._asked.inputs)
            ],
            "model": self._asked.model,
        }
        if report.last is not None:
            answer["usage"] = report.last
        return wire.plain(
            orjson.dumps(answer), headers={"x-request-id": self._id}, tokens=0, usage=report.last
        )

    def _embedding(self, given: Embedded) -> str | list[float]:
        vector = _vector(given.content, dimensions=self._asked.dimensions)
        return b64encode(vector.tobytes()).decode() if self._asked.in_base64 else vector.tolist()


def _vector(content: bytes, *, dimensions: int) -> "array[float]":
    """Return a unit vector of 32-bit floats, the same for the same content."""
    drawn = array("b", shake_128(content).digest(dimensions))
    length = math.hypot(*drawn) or 1
    return array("f", [number / length for number in drawn])
