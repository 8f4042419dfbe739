"""The model server embeds as OpenAI does; a text has the same vector for ever."""

import math
from array import array
from base64 import b64decode
from typing import Any

import openai
import pytest

from tests.sandbox.running import RunningSandbox

MODEL = "text-embedding-3-small"


def test_the_sdk_reads_a_vector_for_each_text_and_the_usage(sdk: openai.OpenAI) -> None:
    answer = sdk.embeddings.create(model=MODEL, input=["one two", "three"])

    assert [each.index for each in answer.data] == [0, 1]
    assert [len(each.embedding) for each in answer.data] == [1536, 1536]
    assert answer.data[0].embedding != answer.data[1].embedding
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (3, 3)


def test_a_vector_depends_on_its_text_alone(sandbox: RunningSandbox) -> None:
    alone = sandbox.embed("one two").json()["data"][0]["embedding"]
    among_others = sandbox.embed(["three", "one two"], model="sandbox-large").json()["data"][1]["embedding"]

    assert alone == among_others


def test_both_encodings_hold_the_same_numbers(sandbox: RunningSandbox) -> None:
    floats = sandbox.embed("one", encoding_format="float").json()["data"][0]["embedding"]
    encoded = sandbox.embed("one", encoding_format="base64").json()["data"][0]["embedding"]

    assert array("f", b64decode(encoded)).tolist() == floats


def test_a_vector_has_length_one_and_the_dimensions_asked_for(sandbox: RunningSandbox) -> None:
    vector = sandbox.embed("one", dimensions=256).json()["data"][0]["embedding"]

    assert len(vector) == 256
    assert math.hypot(*vector) == pytest.approx(1)


@pytest.mark.parametrize(
    ("given", "vectors", "tokens"), [([5, 7, 9], 1, 3), ([[5, 7], [9], [1, 2]], 3, 5), ("你好", 1, 2)]
)
def test_tokens_are_embedded_like_texts(
    sandbox: RunningSandbox, given: object, vectors: int, tokens: int
) -> None:
    answer = sandbox.embed(given).json()

    assert len(answer["data"]) == vectors
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_a_call_is_logged_with_its_surface(sandbox: RunningSandbox) -> None:
    answer = sandbox.embed("kumquat")

    call = sandbox.last_call()
    assert call["id"] == answer.headers["x-request-id"]
    assert (call["surface"], call["model"], call["outcome"]) == ("embeddings", MODEL, "complete")
    assert call["usage"] == call["reported_usage"] == answer.json()["usage"]
    assert "kumquat" not in (sandbox.state_dir / "served.jsonl").read_text()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [1, "a"]}, "input"),
        ({"input": [[1], []]}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": 3073}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_malformed_call_is_refused_with_the_field_at_fault(
    sandbox: RunningSandbox, fields: dict[str, Any], param: str
) -> None:
    answer = sandbox.embed(**{"given": "a", **fields})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
