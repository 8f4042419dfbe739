from typing import Any

import pytest
from anthropic.types import message_create_params
from pydantic import TypeAdapter

from gateway.errors import BodyUnreadable, FieldInvalid, Untranslatable
from gateway.services.translations import chat_to_messages
from tests.gateway.translations.evidence import AN_IMAGE, LONG_USER_ID

HI = {"role": "user", "content": "hi"}
SAID_HI = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
ASKED: dict[str, Any] = {"model": "m", "messages": [HI]}
MESSAGE_REQUEST = TypeAdapter(message_create_params.MessageCreateParams)
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":"ü"}'}}
USE = {"type": "tool_use", "id": "call_1", "name": "f", "input": {"x": "ü"}}


def message(**fields: Any) -> dict[str, Any]:
    return chat_to_messages.request({**ASKED, **fields})


def turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    translated: list[dict[str, Any]] = message(messages=list(messages))["messages"]
    return translated


def refused(kind: type[FieldInvalid | Untranslatable], **fields: Any) -> str:
    """Return the place of what is refused in such a request."""
    with pytest.raises(kind) as refusal:
        message(**fields)
    assert isinstance(refusal.value, FieldInvalid | Untranslatable)
    return refusal.value.param


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def test_a_plain_request_is_asked_in_the_same_words() -> None:
    assert message(temperature=0, top_p=0.5, stream=True, max_tokens=9) == {
        "model": "m", "temperature": 0, "top_p": 0.5, "stream": True, "max_tokens": 9, "messages": [SAID_HI],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"max_completion_tokens": 7, "max_tokens": 9}, {"max_tokens": 7}),
        ({"stop": "a"}, {"stop_sequences": ["a"]}),
        ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}),
        ({"stop": None}, {}),
        ({"user": "user-123"}, {"metadata": {"user_id": "user-123"}}),
        ({"user": "user-123", "safety_identifier": "safe-1"}, {"metadata": {"user_id": "safe-1"}}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ({"reasoning_effort": "minimal"}, {"output_config": {"effort": "low"}}),
        ({"reasoning_effort": "medium"}, {"output_config": {"effort": "medium"}}),
        ({"reasoning_effort": "max"}, {"output_config": {"effort": "max"}}),
        ({"response_format": {"type": "text"}}, {}),
        (
            {
                "reasoning_effort": "low",
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
                },
            },
            {
                "output_config": {
                    "effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}},
                }
            },
        ),
        ({"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        ({"tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"tool_choice": {"type": "tool", "name": "f"}},
        ),
        ({"tools": [], "parallel_tool_calls": False}, {}),
    ],
)  # fmt: skip
def test_a_setting_is_said_in_the_other_words(fields: dict[str, Any], said: dict[str, Any]) -> None:
    without = {name: value for name, value in message(**fields).items() if name not in ASKED}

    assert without == said


@pytest.mark.parametrize(
    "fields",
    [
        {"stream_options": {"include_usage": True}},
        {"metadata": {"topic": "x"}, "store": False},
        {"prompt_cache_key": "k", "prompt_cache_retention": "24h", "prediction": {"type": "content"}},
        {"n": 1, "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {}, "seed": None},
        {"logprobs": False, "top_logprobs": 0, "modalities": ["text"], "service_tier": "auto"},
        {"verbosity": "medium"},
    ],
)
def test_what_changes_no_answer_is_left_unsaid(fields: dict[str, Any]) -> None:
    assert message(**fields) == message()


def test_a_function_becomes_a_tool() -> None:
    function = {"name": "f", "description": "Does.", "parameters": {"properties": {}}, "strict": True}
    cached = {"type": "function", "function": {"name": "g"}, "cache_control": {"type": "ephemeral"}}

    assert message(tools=[{"type": "function", "function": function}, cached])["tools"] == [
        {
            "name": "f", "description": "Does.", "strict": True,
            "input_schema": {"type": "object", "properties": {}},
        },
        {"name": "g", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", {"type": "any", "disable_parallel_tool_use": True}),
        ("none", {"type": "none"}),
    ],
)
def test_one_call_at_a_time_is_a_matter_of_the_choice(choice: str | None, said: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]

    assert message(tools=tools, tool_choice=choice, parallel_tool_calls=False)["tool_choice"] == said


def test_system_messages_come_first_wherever_they_stood() -> None:
    system, developer = {"role": "system", "content": "a"}, {"role": "developer", "content": [text("b")]}

    said = message(messages=[system, HI, developer])

    assert (said["system"], said["messages"]) == ([text("a"), text("b")], [SAID_HI])


def test_calls_and_results_of_tools_keep_their_ids() -> None:
    other = {"id": "call_2", "function": {"name": "g", "arguments": ""}}
    said = turns(
        HI,
        {"role": "assistant", "content": "I look.", "tool_calls": [CALL, other], "refusal": None},
        {"role": "tool", "tool_call_id": "call_1", "content": "done", "name": "f"},
        {"role": "tool", "tool_call_id": "call_2", "content": ""},
        {"role": "user", "content": "and then?"},
    )

    assert said[1:] == [
        {
            "role": "assistant",
            "content": [text("I look."), USE, {"type": "tool_use", "id": "call_2", "name": "g", "input": {}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [text("done")]},
                {"type": "tool_result", "tool_use_id": "call_2"},
                text("and then?"),
            ],
        },
    ]


def test_an_id_in_letters_that_anthropic_does_not_take_is_rewritten_for_call_and_result() -> None:
    call = {**CALL, "id": "functions.f:0"}
    said = turns(
        HI,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "done"},
    )

    assert said[1]["content"][0]["id"] == said[2]["content"][0]["tool_use_id"] == "functions_f_0"


def test_messages_of_one_side_are_one_turn_and_empty_ones_none() -> None:
    empty = {"role": "assistant", "content": ""}

    assert turns(HI, empty, {"role": "user", "content": [text(" \n"), text("there")]}) == [
        {"role": "user", "content": [text("hi"), text("there")]}
    ]


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("data:image/png;base64,aGk=", AN_IMAGE["source"]),
        ("data:image/png;name=a;base64,aGk=", AN_IMAGE["source"]),
        ("https://pictures.example/a.png", {"type": "url", "url": "https://pictures.example/a.png"}),
    ],
)
def test_an_image_keeps_its_place_among_the_texts(url: str, source: dict[str, str]) -> None:
    image = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}

    assert turns({"role": "user", "content": [text("before"), image, text("after")]}) == [
        {"role": "user", "content": [text("before"), {"type": "image", "source": source}, text("after")]}
    ]


def test_a_mark_for_anthropic_s_cache_reaches_it() -> None:
    marked = text("long", cache_control={"type": "ephemeral"})

    assert turns({"role": "user", "content": [marked]}) == [{"role": "user", "content": [marked]}]


def test_what_was_refused_was_said_and_what_was_thought_was_not() -> None:
    answer = {
        "role": "assistant",
        "content": None,
        "refusal": "No.",
        "reasoning_content": "hm",
        "audio": None,
    }

    assert turns(HI, answer, HI)[1] == {"role": "assistant", "content": [text("No.")]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"seed": 0}, "seed"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"frequency_penalty": -1}, "frequency_penalty"),
        ({"verbosity": "low"}, "verbosity"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"store": True}, "store"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"new_field": "x"}, "new_field"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools[0]"),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}}, "tool_choice"),
    ],
)
def test_what_a_message_cannot_be_asked_for_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert refused(Untranslatable, **fields) == param


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"role": "user", "content": [{"type": "input_audio"}]}, ".content[0]"),
        ({"role": "user", "content": [text("a"), {"type": "file", "file": {}}]}, ".content[1]"),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x", "detail": "low"}}]},
            ".content[0].image_url.detail",
        ),
        ({"role": "user", "content": "a", "name": "Ann"}, ".name"),
        ({"role": "assistant", "content": "a", "audio": {"id": "x"}}, ".audio"),
        ({"role": "assistant", "tool_calls": [{"type": "custom", "id": "a"}]}, ".tool_calls[0]"),
        ({"role": "function", "name": "f", "content": "a"}, ""),
    ],
)
def test_a_message_that_cannot_be_said_is_refused_with_its_place(said: dict[str, Any], place: str) -> None:
    assert refused(Untranslatable, messages=[HI, said, HI]) == f"messages[1]{place}"


def test_a_chat_begins_a_new_answer_so_it_cannot_end_with_one() -> None:
    assert refused(Untranslatable, messages=[HI, {"role": "assistant", "content": "The"}]) == "messages[1]"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "nobody", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].tool_call_id"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"tool_choice": "all"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
    ],
)
def test_what_is_no_such_request_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert refused(FieldInvalid, **fields) == param


@pytest.mark.parametrize("arguments", ["{", "[]", '"x"', "null", "NaN"])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}

    param = refused(FieldInvalid, messages=[HI, {"role": "assistant", "tool_calls": [call]}, HI])

    assert param == "messages[1].tool_calls[0].function.arguments"


def test_arguments_nested_beyond_all_sense_are_refused() -> None:
    deep = {"name": "f", "arguments": '{"x":' * 500 + "{}" + "}" * 500}
    call = {"id": "a", "type": "function", "function": deep}

    with pytest.raises(BodyUnreadable):
        turns(HI, {"role": "assistant", "tool_calls": [call]}, HI)


@pytest.mark.parametrize("url", ["data:image/png,aGk=", "data:image/png;base64", "data:;base64,"])
def test_data_in_an_address_has_to_be_base64(url: str) -> None:
    image = {"type": "image_url", "image_url": {"url": url}}

    param = refused(FieldInvalid, messages=[{"role": "user", "content": [image]}])

    assert param == "messages[0].content[0].image_url.url"


def test_what_clients_send_is_a_request_that_the_sdk_knows() -> None:
    said = message(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [text("Look:"), {"type": "image_url", "image_url": {"url": "https://a/b"}}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL], "annotations": []},
            {"role": "tool", "tool_call_id": "call_1", "content": "done"},
        ],
        max_completion_tokens=9,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}, "strict": False}}],
        user=LONG_USER_ID,
    )  # fmt: skip

    MESSAGE_REQUEST.validate_python(said)
    assert len(said["metadata"]["user_id"]) == 64
