from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from gateway.errors import AnswerBroken
from gateway.services.translations import message_answers

TEXT = {"type": "text", "text": "Hi.", "citations": None}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": "你"}, "caller": {"type": "direct"}}
CALL = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"x":"你"}'}}


def message(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    return {**head, "content": list(content), **fields}


def told(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return message_answers.as_completion(message(*content, **fields))


def said(*content: dict[str, Any]) -> dict[str, Any]:
    words: dict[str, Any] = told(*content)["choices"][0]["message"]
    return words


def test_an_answer_is_a_completion_that_the_sdk_knows() -> None:
    usage = {
        "input_tokens": 4, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 1},
    }  # fmt: skip
    thought = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}

    completion = told(thought, TEXT, USE, stop_reason="tool_use", usage=usage)

    ChatCompletion.model_validate(completion)
    assert completion.pop("created") > 1_700_000_000
    assert completion == {
        "id": "msg_1",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hi.",
                    "refusal": None,
                    "reasoning_content": "hm",
                    "tool_calls": [CALL],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 5,
            "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], {"content": ""}),
        ([TEXT, TEXT], {"content": "Hi.Hi."}),
        ([USE], {"content": None, "tool_calls": [CALL]}),
        ([{"type": "redacted_thinking", "data": "Em"}, TEXT], {"content": "Hi."}),
    ],
)
def test_every_block_is_a_part_of_the_answer(content: list[dict[str, Any]], words: dict[str, Any]) -> None:
    assert said(*content) == {"role": "assistant", "refusal": None, **words}


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("new_reason", "stop"),
    ],
)
def test_the_reason_to_stop_is_said_in_the_other_words(stop_reason: str, finish_reason: str) -> None:
    assert told(TEXT, stop_reason=stop_reason)["choices"][0]["finish_reason"] == finish_reason


@pytest.mark.parametrize("usage", [None, "many", []])
def test_without_a_report_there_is_no_usage(usage: object) -> None:
    assert "usage" not in told(TEXT, usage=usage)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        message(id=None),
        message(stop_reason=None),
        message(model=3),
        message(content="a"),
        message("a"),  # type: ignore[arg-type]  # that is what is wrong with it
        message({"type": "text", "text": 3}),
        message({"type": "server_tool_use", "id": "a", "name": "web_search", "input": {}}),
        message({"type": "tool_use", "name": "f", "input": {}}),
        message({"type": "tool_use", "id": "a", "input": {}}),
        message({"type": "tool_use", "id": "a", "name": "f", "input": "{}"}),
        message({"type": "tool_use", "id": "a", "name": "f", "input": {"x": 10**30}}),
    ],
    ids=repr,
)
def test_what_is_no_message_breaks_the_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(AnswerBroken):
        message_answers.as_completion(answer)
