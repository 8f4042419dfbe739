from typing import Any

import pytest
from anthropic.types import Message

from gateway.errors import AnswerBroken
from gateway.services.translations import chat_answers

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":"你"}'}}
DEEP = '{"x":' * 500 + "{}" + "}" * 500
USE = {"type": "tool_use", "id": "call_1", "name": "f", "input": {"x": "你"}}


def completion(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    finish_reason = fields.pop("finish_reason", "stop")
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [choice], **fields}


def told(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return chat_answers.as_message(completion(message, **fields))


def test_an_answer_is_a_message_that_the_sdk_knows() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 2}}
    message = told({"content": "Hi.", "reasoning_content": "hm", "tool_calls": [CALL]}, usage=usage)

    Message.model_validate(message)
    assert message == {
        "id": "msg_chatcmpl-1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "unsigned:reasoning_content"},
            {"type": "text", "text": "Hi."},
            USE,
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 9,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ({"content": None}, []),
        ({"content": ""}, []),
        ({"content": "a", "reasoning": ""}, [{"type": "text", "text": "a"}]),
        (
            {"content": "a", "reasoning": "hm"},
            [
                {"type": "thinking", "thinking": "hm", "signature": "unsigned:reasoning"},
                {"type": "text", "text": "a"},
            ],
        ),
        ({"content": None, "refusal": "No."}, [{"type": "text", "text": "No."}]),
        ({"tool_calls": [CALL]}, [USE]),
        (
            {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": ""}}]},
            [{"type": "tool_use", "id": "a", "name": "f", "input": {}}],
        ),
    ],
)
def test_every_part_of_an_answer_is_a_block(message: dict[str, Any], content: list[dict[str, Any]]) -> None:
    assert told(message)["content"] == content


@pytest.mark.parametrize(
    ("finish_reason", "message", "stop_reason"),
    [
        ("stop", {"content": "a"}, "end_turn"),
        ("length", {"content": "a"}, "max_tokens"),
        ("tool_calls", {"tool_calls": [CALL]}, "tool_use"),
        ("stop", {"tool_calls": [CALL]}, "tool_use"),
        ("length", {"tool_calls": [CALL]}, "max_tokens"),
        ("tool_calls", {"content": "a"}, "end_turn"),
        ("content_filter", {"content": ""}, "refusal"),
        ("stop", {"refusal": "No."}, "refusal"),
        (None, {"content": "a"}, "end_turn"),
        ("eos", {"content": "a"}, "end_turn"),
    ],
)
def test_the_reason_to_stop_is_said_in_the_other_words(
    finish_reason: str, message: dict[str, Any], stop_reason: str
) -> None:
    assert told(message, finish_reason=finish_reason)["stop_reason"] == stop_reason


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 3}, (10, 0, 0, 3)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4}}, (6, 0, 4, 0)),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 5}},
            (1, 5, 4, 0),
        ),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}}, (0, 0, 10, 0)),
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 7, "prompt_tokens_details": None}, (3, 0, 7, 0)),
        ({"prompt_tokens": 10.0, "completion_tokens": "3"}, (10, 0, 0, 0)),
        ({"prompt_tokens": -1, "completion_tokens": True}, (0, 0, 0, 0)),
        ({"prompt_tokens": 10**30}, (0, 0, 0, 0)),
        (None, (0, 0, 0, 0)),
        ([], (0, 0, 0, 0)),
    ],
)
def test_input_excludes_what_the_cache_gave_and_took(report: object, counts: tuple[int, ...]) -> None:
    assert tuple(told({"content": "a"}, usage=report)["usage"].values()) == counts


@pytest.mark.parametrize(
    ("completion_id", "message_id"),
    [
        ("chatcmpl-1", "msg_chatcmpl-1"), ("msg_1", "msg_1"), ("gen/1:a", "msg_gen_1_a"),
    ],
)  # fmt: skip
def test_an_id_is_one_of_a_message(completion_id: str, message_id: str) -> None:
    assert told({"content": "a"}, id=completion_id)["id"] == message_id


def test_what_came_without_an_id_gets_one_of_its_own() -> None:
    call = {"function": {"name": "f", "arguments": "{}"}}

    message = told({"tool_calls": [call, call]}, id=None)

    first, second = (block["id"] for block in message["content"])
    assert first != second
    assert len(message["id"]) > len("msg_")


def test_a_call_that_the_output_limit_tore_is_not_shown() -> None:
    torn = {"id": "b", "function": {"name": "f", "arguments": '{"path": "/et'}}

    message = told({"content": "a", "tool_calls": [CALL, torn]}, finish_reason="length")

    assert message["content"] == [{"type": "text", "text": "a"}, USE]
    assert message["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"choices": []},
        {"choices": "a"},
        {"choices": ["a"]},
        {"choices": [{"message": "a"}]},
        completion({"content": 3}),
        completion({"content": [{"type": "text", "text": "a"}]}),
        completion({"content": "a", "reasoning": ["hm"]}),
        completion({"content": "a"}, id=3),
        completion({"content": "a"}, finish_reason=3),
        completion({"content": "a"}, finish_reason="error"),
        completion({"content": "a"}, finish_reason="insufficient_system_resource"),
        completion({"tool_calls": {"id": "a"}}),
        completion({"tool_calls": [{"id": "a"}]}),
        completion({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]}),
        completion({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "[1]"}}]}),
        completion({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {}}}]}),
        completion({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": DEEP}}]}),
    ],
    ids=lambda answer: repr(answer)[:150],
)
def test_what_is_no_completion_breaks_the_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(AnswerBroken):
        chat_answers.as_message(answer)
