"""The model server refuses as an OpenAI-compatible upstream does."""

from pathlib import Path

import openai
import orjson
import pytest

from tests.sandbox.running import RunningSandbox

MESSAGE = {"role": "user", "content": "hi"}


def test_the_sdk_lists_the_models(sdk: openai.OpenAI) -> None:
    models = [model.id for model in sdk.models.list()]

    assert models == [
        "deepseek-chat", "deepseek-reasoner", "gpt-oss-120b", "openai/gpt-oss-120b",
        "glm-4-flash", "sandbox-free", "sandbox-large", "claude-sonnet-5", "text-embedding-3-small",
    ]  # fmt: skip


@pytest.mark.parametrize("model", ["one", "two/parts"])
def test_the_models_served_can_be_chosen(tmp_path: Path, model: str) -> None:
    with RunningSandbox(tmp_path, "--models=one, two/parts") as sandbox:
        answer = sandbox.chat(model=model)

    assert answer.json()["model"] == model


def test_a_wrong_key_is_refused(sandbox: RunningSandbox) -> None:
    answer = sandbox.post_chat(b"{}", key="sk-wrong")

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_missing_key_is_refused(sandbox: RunningSandbox) -> None:
    answer = sandbox.request("GET", "/v1/models")

    assert answer.status_code == 401


def test_the_sdk_recognises_a_model_that_is_not_served(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refusal:
        sdk.chat.completions.create(model="gpt-nothing", messages=[{"role": "user", "content": "hi"}])

    assert refusal.value.code == "model_not_found"


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/models"])
def test_an_address_that_does_not_exist_is_said_to_be_invalid(sandbox: RunningSandbox, path: str) -> None:
    answer = sandbox.request("POST", path, headers={"Authorization": "Bearer sandbox-upstream-key"})

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"Invalid URL (POST {path})"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        ({"messages": [MESSAGE]}, "model"),
        ({"model": "deepseek-chat"}, "messages"),
        ({"model": "deepseek-chat", "messages": []}, "messages"),
        ({"model": "deepseek-chat", "messages": [MESSAGE, "hi"]}, "messages[1]"),
        ({"model": "deepseek-chat", "messages": [{"role": "user"}]}, "messages[0]"),
        ({"model": "deepseek-chat", "messages": [{"role": "user", "content": None}]}, "messages[0]"),
        ({"model": "deepseek-chat", "messages": [{"role": "user", "content": ["hi"]}]}, "messages[0]"),
        (
            {"model": "deepseek-chat", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0]",
        ),
        ({"model": "deepseek-chat", "messages": [{"role": "wizard", "content": "hi"}]}, "messages[0].role"),
        ({"model": "deepseek-chat", "messages": [MESSAGE], "max_tokens": 0}, "max_tokens"),
        (
            {"model": "deepseek-chat", "messages": [MESSAGE], "max_completion_tokens": "9"},
            "max_completion_tokens",
        ),
        ({"model": "deepseek-chat", "messages": [MESSAGE], "n": 129}, "n"),
        (
            {"model": "deepseek-chat", "messages": [{"role": "assistant", "tool_calls": [{"id": 5}]}]},
            "messages[0].tool_calls",
        ),
        ({"model": "deepseek-chat", "messages": [MESSAGE], "tools": ["look"]}, "tools"),
        ({"model": "deepseek-chat", "messages": [MESSAGE], "response_format": "json"}, "response_format"),
        ({"model": "deepseek-chat", "messages": [MESSAGE], "stream": "yes"}, "stream"),
        (
            {"model": "deepseek-chat", "messages": [MESSAGE], "stream_options": {"include_usage": True}},
            "stream_options",
        ),
        (
            {"model": "deepseek-chat", "messages": [MESSAGE], "stream": True, "stream_options": []},
            "stream_options",
        ),
    ],
)
def test_a_malformed_call_is_refused_with_the_field_at_fault(
    sandbox: RunningSandbox, body: object, param: str | None
) -> None:
    answer = sandbox.post_chat(body if isinstance(body, bytes) else orjson.dumps(body))

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"] == param


def test_a_refused_call_was_not_served(sandbox: RunningSandbox) -> None:
    served_before = len(sandbox.served())

    sandbox.post_chat(b"{}")
    sandbox.chat(model="gpt-nothing")
    sandbox.chat(
        response_format={"type": "json_schema", "json_schema": {"schema": {"$ref": "#/$defs/nothing"}}}
    )
    sandbox.message(model="gpt-nothing")
    sandbox.embed("", model="gpt-nothing")

    assert sandbox.served(since=served_before) == []
