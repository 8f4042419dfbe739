"""An answer that has to be JSON is JSON, of the schema that was asked for."""

from typing import Any

import jsonschema
import orjson
import pytest

from sandbox.models import json_answers
from sandbox.models.refusals import Refusal
from tests.sandbox.running import RunningSandbox, chunks

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": ["integer", "null"]},
        "height": {"type": "number"},
        "awake": {"type": "boolean"},
        "kind": {"enum": ["cat", "dog"]},
        "version": {"const": 3},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "more": {"type": "object"},
        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        "head": {"$ref": "#/$defs/node"},
    },
    "required": ["name", "age", "height", "awake", "kind", "version", "tags", "more", "next", "head"],
    "additionalProperties": False,
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
            "required": ["next"],
        }
    },
}


@pytest.mark.parametrize(
    "schema",
    [PERSON, {"type": "array", "items": {"type": "string"}}, {"type": "array"}, {"oneOf": [{"const": 1}]}],
)
def test_an_answer_has_its_schema(schema: dict[str, Any]) -> None:
    answer = json_answers.answer(schema, echo='say "hi"')

    jsonschema.validate(orjson.loads(answer), schema)


def test_a_schema_without_end_is_followed_no_further_than_sensible() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}}

    answer = json_answers.answer(endless, echo="hi")

    assert '{"next":{"next":{' in answer
    assert '{"next":null}' in answer


@pytest.mark.parametrize("path", ["#/$defs/nothing", "#/type/more"])
def test_a_schema_that_refers_to_nothing_is_refused(path: str) -> None:
    with pytest.raises(Refusal):
        json_answers.answer({"type": "object", "properties": {"next": {"$ref": path}}}, echo="hi")


def test_any_object_will_do_when_there_is_no_schema(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat('say "hi"', response_format={"type": "json_object"}).json()

    assert orjson.loads(answer["choices"][0]["message"]["content"]) == {"echo": 'say "hi"'}


def test_a_streamed_chat_keeps_to_the_schema(sandbox: RunningSandbox) -> None:
    told = chunks(
        sandbox.chat(
            "Hello there",
            stream=True,
            response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}},
        )
    )

    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in told)
    assert orjson.loads(said)["name"] == "Hello there"


def test_a_message_keeps_to_the_schema(sandbox: RunningSandbox) -> None:
    answer = sandbox.message(
        "[[tokens:2]]", output_config={"format": {"type": "json_schema", "schema": PERSON}}
    ).json()

    assert orjson.loads(answer["content"][0]["text"])["name"] == "word word"


def test_a_schema_that_is_none_is_refused(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat(response_format={"type": "json_schema"})

    assert answer.json()["error"]["param"] == "response_format.json_schema"
