import orjson
import pytest

from gateway.errors import FieldInvalid, FieldNotOffered
from gateway.services import bounds, embedding_requests


def body(**fields: object) -> bytes:
    return orjson.dumps({"model": "m", "input": "hello", **fields})


def test_everything_but_the_model_s_name_passes_unchanged() -> None:
    request = embedding_requests.read(body(encoding_format="base64", dimensions=4))

    sent = orjson.loads(
        request.for_upstream(model="theirs", output_limit_tokens=1, output_limit_field="max_tokens")
    )
    assert sent == {"model": "theirs", "input": "hello", "encoding_format": "base64", "dimensions": 4}
    assert request.asked_output_tokens == 0


@pytest.mark.parametrize(
    ("given", "inputs"),
    [("hello", 1), (["hello", "world"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2), (["a"] * 2048, 2048)],
)
def test_inputs_are_texts_or_tokens(given: object, inputs: int) -> None:
    assert embedding_requests.read(body(input=given)).messages == inputs


@pytest.mark.parametrize(
    "given", [None, "", [], 5, [""], [[]], [None], [["a"]], [1, "a"], {"a": 1}, ["a"] * 2049, [True]]
)
def test_any_other_input_is_refused(given: object) -> None:
    with pytest.raises(FieldInvalid) as refusal:
        embedding_requests.read(body(input=given))

    assert refusal.value.param == "input"


def test_nobody_chooses_the_upstream() -> None:
    with pytest.raises(FieldNotOffered):
        embedding_requests.read(body(api_base="https://elsewhere"))


def test_tokens_are_counted_as_they_are() -> None:
    assert bounds.estimated_input(embedding_requests.read(body(input=[5, 6, 7]))) == 3 + 4
