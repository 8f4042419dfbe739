"""A message can make the model call tools, and what they return is echoed: on both surfaces that talk."""

from typing import Any

import anthropic
import openai
import orjson
import pytest
from anthropic.types import ToolParam, ToolUseBlock
from openai.types.chat import ChatCompletionFunctionToolParam

from tests.sandbox.running import RunningSandbox, chunks, named_events

FUNCTIONS: list[ChatCompletionFunctionToolParam] = [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "clock"}},
]
TOOLS: list[ToolParam] = [
    {"name": "weather", "input_schema": {"type": "object"}},
    {"name": "clock", "input_schema": {"type": "object"}},
]
# Brackets and braces within, so that the end of the word is not to be found by looking for its like.
ARGUMENTS = {"city": "Oslo 😀", "at": [[{"lat": 59.9}]]}
STEERED = f"please [[tool:weather {orjson.dumps(ARGUMENTS).decode()}]] [[tool:clock]]"


def test_the_openai_sdk_reads_parallel_calls(sdk: openai.OpenAI) -> None:
    answer = sdk.chat.completions.create(
        model="gpt-oss-120b", tools=FUNCTIONS, messages=[{"role": "user", "content": STEERED}]
    )

    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls"
    assert message.content is None
    assert message.tool_calls is not None
    called = [call.function for call in message.tool_calls if call.type == "function"]
    assert [call.name for call in called] == ["weather", "clock"]
    assert [orjson.loads(call.arguments) for call in called] == [ARGUMENTS, {}]
    assert len({call.id for call in message.tool_calls}) == 2


def test_the_openai_sdk_puts_streamed_calls_together(sdk: openai.OpenAI) -> None:
    with sdk.chat.completions.stream(
        model="gpt-oss-120b", tools=FUNCTIONS, messages=[{"role": "user", "content": STEERED}]
    ) as stream:
        deltas = [event for event in stream if event.type == "tool_calls.function.arguments.delta"]
        answer = stream.get_final_completion()

    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert [call.function.name for call in calls] == ["weather", "clock"]
    assert orjson.loads(calls[0].function.arguments) == ARGUMENTS
    assert len(deltas) > 4


def test_the_anthropic_sdk_reads_parallel_calls(anthropic_sdk: anthropic.Anthropic) -> None:
    answer = anthropic_sdk.messages.create(
        model="gpt-oss-120b",
        max_tokens=100,
        tools=TOOLS,
        messages=[{"role": "user", "content": STEERED}],
    )

    called = [block for block in answer.content if isinstance(block, ToolUseBlock)]
    assert answer.stop_reason == "tool_use"
    assert [(block.name, block.input) for block in called] == [("weather", ARGUMENTS), ("clock", {})]
    assert len({block.id for block in called}) == 2


def test_the_anthropic_sdk_puts_streamed_calls_together(anthropic_sdk: anthropic.Anthropic) -> None:
    with anthropic_sdk.messages.stream(
        model="gpt-oss-120b",
        max_tokens=100,
        tools=TOOLS,
        messages=[{"role": "user", "content": STEERED}],
    ) as stream:
        deltas = [event for event in stream if event.type == "input_json"]
        answer = stream.get_final_message()

    called = [block for block in answer.content if isinstance(block, ToolUseBlock)]
    assert [(block.name, block.input) for block in called] == [("weather", ARGUMENTS), ("clock", {})]
    assert len(deltas) > 4


def test_two_calls_of_one_tool_are_two(sandbox: RunningSandbox) -> None:
    told = chunks(sandbox.chat("[[tool:clock]][[tool:clock]]", tools=FUNCTIONS, stream=True))

    opened = [chunk["choices"][0]["delta"].get("tool_calls", [{}])[0] for chunk in told]
    assert [call["index"] for call in opened if "id" in call] == [0, 1]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tools": [{"type": "function", "function": {"name": "other"}}]},
        {"tools": FUNCTIONS, "tool_choice": "none"},
        {"tools": FUNCTIONS, "text": '[[tool:clock {"a": ]]'},
        {"tools": FUNCTIONS, "text": "[[tool:clock 5]]"},
    ],
)
def test_a_call_that_cannot_be_is_an_echo(sandbox: RunningSandbox, fields: dict[str, Any]) -> None:
    steered = {"text": "[[tool:clock]]", **fields}

    answer = sandbox.chat(**steered).json()

    assert answer["choices"][0]["message"]["content"] == steered["text"]


def test_a_message_cannot_make_calls_of_tools_that_may_not_be_chosen(sandbox: RunningSandbox) -> None:
    answer = sandbox.message("[[tool:clock]]", tools=TOOLS, tool_choice={"type": "none"}).json()

    assert answer["content"][0]["text"] == "[[tool:clock]]"


def test_reasoning_comes_before_a_call_and_the_limit_cuts_its_arguments(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat(f"[[reasoning:2]] {STEERED}", tools=FUNCTIONS, max_tokens=3).json()

    message = answer["choices"][0]["message"]
    assert message["reasoning_content"] == "think think"
    assert message["tool_calls"][0]["function"]["arguments"] == '{"city":'
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 3


def test_arguments_that_are_cut_off_are_lost_to_a_message(sandbox: RunningSandbox) -> None:
    answer = sandbox.message(STEERED, tools=TOOLS, max_tokens=1).json()

    assert answer["content"][0]["input"] == {}
    assert answer["stop_reason"] == "max_tokens"


def test_a_chat_that_ends_with_results_is_answered_by_them(sandbox: RunningSandbox) -> None:
    asked = {"role": "user", "content": STEERED}
    called = sandbox.chat(messages=[asked], tools=FUNCTIONS).json()["choices"][0]["message"]
    returned = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"result {number}"}
        for number, call in enumerate(called["tool_calls"])
    ]

    answer = sandbox.chat(messages=[asked, called, *returned], tools=FUNCTIONS).json()

    assert answer["choices"][0]["message"]["content"] == "result 0\nresult 1"
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_a_message_that_brings_results_is_answered_by_them(sandbox: RunningSandbox) -> None:
    asked = {"role": "user", "content": STEERED}
    called = sandbox.message(messages=[asked], tools=TOOLS).json()["content"]
    results: list[object] = ["sunny", [{"type": "text", "text": "noon"}]]
    returned = [
        {"type": "tool_result", "tool_use_id": call["id"], "content": result}
        for call, result in zip(called, results, strict=True)
    ]

    answer = sandbox.message(
        messages=[asked, {"role": "assistant", "content": called}, {"role": "user", "content": returned}],
        tools=TOOLS,
    ).json()

    assert answer["content"] == [{"type": "text", "text": "sunny\nnoon"}]
    assert answer["stop_reason"] == "end_turn"


def test_a_result_of_a_call_that_nobody_made_is_refused(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat(
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [{"id": "call_1"}]},
            {"role": "tool", "tool_call_id": "call_2", "content": "done"},
        ]
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "messages[2].tool_call_id"


def test_the_blocks_of_a_stream_are_numbered(sandbox: RunningSandbox) -> None:
    told = named_events(
        sandbox.message(
            f"[[reasoning:1]] {STEERED}",
            tools=TOOLS,
            thinking={"type": "enabled", "budget_tokens": 1024},
            stream=True,
        )
    )

    opened = [
        (data["index"], data["content_block"]["type"]) for name, data in told if name == "content_block_start"
    ]
    assert opened == [(0, "thinking"), (1, "tool_use"), (2, "tool_use")]
