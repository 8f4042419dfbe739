"""The model server answers messages as Anthropic does."""

from typing import Any

import anthropic
import orjson
import pytest
from anthropic.types import MessageParam, TextBlock, ThinkingBlock

from tests.sandbox.running import UPSTREAM_KEY, VERSION, RunningSandbox, named_events

GREETING: list[MessageParam] = [{"role": "user", "content": "Good morning, 世界"}]
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


def test_the_sdk_reads_an_echo_with_its_usage(anthropic_sdk: anthropic.Anthropic) -> None:
    answer = anthropic_sdk.messages.create(model="gpt-oss-120b", max_tokens=100, messages=GREETING)

    assert isinstance(answer.content[0], TextBlock)
    assert answer.content[0].text == "Good morning, 世界"
    assert answer.stop_reason == "end_turn"
    assert answer._request_id == answer.id.replace("msg_", "req_")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (8, 4)


def test_the_sdk_puts_a_stream_together(anthropic_sdk: anthropic.Anthropic) -> None:
    with anthropic_sdk.messages.stream(model="gpt-oss-120b", max_tokens=100, messages=GREETING) as stream:
        told = list(stream.text_stream)
        answer = stream.get_final_message()

    assert told == ["Good", " morning,", " 世", "界"]
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (8, 4)


def test_a_stream_has_the_events_of_the_real_one_in_their_order(sandbox: RunningSandbox) -> None:
    told = named_events(sandbox.message("one two", stream=True))

    assert [name for name, _ in told] == [
        "message_start", "ping", "content_block_start", "content_block_delta", "content_block_delta",
        "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip
    assert [data["type"] for _, data in told] == [name for name, _ in told]


def test_usage_comes_first_and_is_told_again_near_the_end(sandbox: RunningSandbox) -> None:
    told = dict(named_events(sandbox.message("one two three", stream=True)))

    first, last = told["message_start"]["message"]["usage"], told["message_delta"]["usage"]
    assert (first["input_tokens"], first["output_tokens"]) == (7, 1)
    assert (last["input_tokens"], last["output_tokens"]) == (7, 3)
    assert "cache_creation" in first.keys() - last.keys()


def test_an_answer_is_cut_at_the_limit(sandbox: RunningSandbox) -> None:
    answer = sandbox.message("one two three", max_tokens=2).json()

    assert answer["content"] == [{"type": "text", "text": "one two"}]
    assert answer["stop_reason"] == "max_tokens"
    assert answer["usage"]["output_tokens"] == 2


def test_thinking_that_was_enabled_comes_first(anthropic_sdk: anthropic.Anthropic) -> None:
    with anthropic_sdk.messages.stream(
        model="deepseek-reasoner",
        max_tokens=2000,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[{"role": "user", "content": "[[reasoning:3]] [[tokens:2]]"}],
    ) as stream:
        answer = stream.get_final_message()

    assert isinstance(answer.content[0], ThinkingBlock)
    assert answer.content[0].thinking == "think think think"
    assert answer.content[0].signature
    assert isinstance(answer.content[1], TextBlock)
    assert answer.usage.output_tokens == 5
    assert answer.usage.output_tokens_details is not None
    assert answer.usage.output_tokens_details.thinking_tokens == 3


@pytest.mark.parametrize("fields", [{}, {"thinking": {"type": "disabled"}}])
def test_nobody_thinks_who_was_not_told_to(sandbox: RunningSandbox, fields: dict[str, Any]) -> None:
    answer = sandbox.message("[[reasoning:3]] [[tokens:2]]", **fields).json()

    assert [block["type"] for block in answer["content"]] == ["text"]
    assert answer["usage"]["output_tokens"] == 2


def test_system_prompt_images_and_tools_are_counted(sandbox: RunningSandbox) -> None:
    content = [IMAGE, {"type": "text", "text": "look here"}, {"type": "document", "source": {"type": "url"}}]

    answer = sandbox.message(
        system="be kind", tools=[{"name": "look"}], messages=[{"role": "user", "content": content}]
    ).json()

    assert answer["content"][0]["text"] == "look here"
    assert answer["usage"]["input_tokens"] == 2 + 1 + 4 + 100 + 2 + 100


def test_null_is_as_good_as_nothing(sandbox: RunningSandbox) -> None:
    nothing = dict.fromkeys(["system", "tools", "tool_choice", "thinking", "output_config", "cache_control"])

    answer = sandbox.message("one", **nothing).json()

    assert answer["usage"]["input_tokens"] == 5


def test_the_sdk_counts_tokens_before_it_asks(
    sandbox: RunningSandbox, anthropic_sdk: anthropic.Anthropic
) -> None:
    served_before = len(sandbox.served())

    counted = anthropic_sdk.messages.count_tokens(model="gpt-oss-120b", system="be kind", messages=GREETING)

    assert counted.input_tokens == 10
    assert sandbox.served(since=served_before) == []


def test_a_base_url_may_end_where_an_openai_one_does(sandbox: RunningSandbox) -> None:
    answer = sandbox.request(
        "POST",
        "/v1" + "/messages?beta=true",
        json={"model": "glm-4-flash", "max_tokens": 9, "messages": GREETING},
        headers={"Authorization": f"Bearer {UPSTREAM_KEY}", **VERSION},
    )

    assert answer.json()["type"] == "message"


@pytest.mark.parametrize("headers", [{"x-api-key": "sk-wrong"}, {"Authorization": "Bearer sk-wrong"}, {}])
def test_a_wrong_key_is_refused(sandbox: RunningSandbox, headers: dict[str, str]) -> None:
    answer = sandbox.post_message(b"{}", headers=headers | VERSION)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("path", ["", "/count_tokens"])
def test_a_version_is_required(sandbox: RunningSandbox, path: str) -> None:
    answer = sandbox.post_message(b"{}", path=path, headers={"x-api-key": UPSTREAM_KEY})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "anthropic-version: header is required"


def test_the_sdk_recognises_a_model_that_is_not_served(anthropic_sdk: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as refusal:
        anthropic_sdk.messages.create(model="claude-nothing", max_tokens=9, messages=GREETING)

    assert refusal.value.type == "not_found_error"
    assert refusal.value.request_id


@pytest.mark.parametrize("path", ["/batches", "/count_tokens/more"])
def test_an_address_that_does_not_exist_is_refused_in_the_same_shape(
    sandbox: RunningSandbox, path: str
) -> None:
    answer = sandbox.post_message(b"{}", path=path)

    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found_error"
    assert answer.json()["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"messages": [{"role": "tool", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_9"}]}]},
            "messages.0.content",
        ),
        ({"system": 5}, "system"),
        ({"system": [{"type": "text", "text": "hi", "cache_control": "yes"}]}, "cache_control"),
        ({"tools": ["look"]}, "tools"),
        ({"thinking": "hard"}, "thinking"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_malformed_call_is_refused_with_the_field_at_fault(
    sandbox: RunningSandbox, fields: dict[str, Any], field: str
) -> None:
    body = {"model": "deepseek-chat", "max_tokens": 9, "messages": GREETING} | fields

    answer = sandbox.post_message(orjson.dumps(body))

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"].startswith(f"{field}: ")
