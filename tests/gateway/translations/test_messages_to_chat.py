from typing import Any

import orjson
import pytest
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from gateway.services.bounds import MOST_TOKENS_PER_MESSAGE
from gateway.services.translations import messages_to_chat
from tests.gateway.translations.evidence import AN_IMAGE, LONG_USER_ID, claude_code_request

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
A_RESULT = {"type": "tool_result", "tool_use_id": "a"}
A_LINK = {"type": "image", "source": {"type": "url", "url": ""}}
CHAT_REQUEST = TypeAdapter(completion_create_params.CompletionCreateParams)


def chat(**fields: Any) -> dict[str, Any]:
    return messages_to_chat.request({**ASKED, **fields})


def turns(*messages: tuple[str, Any]) -> list[dict[str, Any]]:
    asked = [{"role": role, "content": content} for role, content in messages]
    translated: list[dict[str, Any]] = chat(messages=asked)["messages"]
    return translated


def test_a_plain_request_is_asked_in_the_same_words() -> None:
    assert chat(temperature=0, top_p=0.5) == {
        "model": "m", "max_tokens": 9, "temperature": 0, "top_p": 0.5,
        "messages": [{"role": "user", "content": "hi"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": False}, {"stream": False}),
        ({"stop_sequences": ["a", "b"]}, {"stop": ["a", "b"]}),
        ({"stop_sequences": []}, {}),
        ({"metadata": {"user_id": "user-123"}}, {"user": "user-123"}),
        ({"metadata": {}}, {}),
        ({"output_config": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ({"output_config": {"effort": "max"}}, {"reasoning_effort": "max"}),
        ({"output_config": {"effort": "high"}}, {}),
        ({"output_config": {"effort": None}}, {}),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, {}),
        ({"thinking": {"type": "disabled"}}, {}),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"reasoning_effort": "low"}),
        ({"thinking": {"type": "enabled", "budget_tokens": 10000}}, {"reasoning_effort": "medium"}),
        ({"thinking": {"type": "enabled", "budget_tokens": 31999}}, {}),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "output_config": {"effort": "xhigh"}},
            {"reasoning_effort": "xhigh"},
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
                }
            },
        ),
        ({"tool_choice": {"type": "auto"}}, {"tool_choice": "auto"}),
        ({"tool_choice": {"type": "any"}}, {"tool_choice": "required"}),
        ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
        (
            {"tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True}},
            {
                "tool_choice": {"type": "function", "function": {"name": "f"}},
                "parallel_tool_calls": False,
            },
        ),
        ({"tools": []}, {}),
    ],
)  # fmt: skip
def test_a_setting_is_said_in_the_other_words(fields: dict[str, Any], said: dict[str, Any]) -> None:
    without = {name: value for name, value in chat(**fields).items() if name not in ASKED}

    assert without == said


@pytest.mark.parametrize(
    "fields",
    [
        {"cache_control": {"type": "ephemeral"}},
        {"diagnostics": {"previous_message_id": "msg_1"}},
        {"service_tier": "auto"},
        {"service_tier": "standard_only"},
        {"speed": "standard"},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
        {"container": None, "mcp_servers": []},
    ],
)
def test_what_changes_no_answer_is_left_unsaid(fields: dict[str, Any]) -> None:
    assert chat(**fields) == chat()


def test_a_tool_becomes_a_function() -> None:
    tool = {
        "name": "f", "description": "Does.", "input_schema": {"type": "object"}, "strict": True,
        "type": "custom", "cache_control": {"type": "ephemeral"}, "eager_input_streaming": True,
        "allowed_callers": ["direct"], "input_examples": [], "defer_loading": False,
    }  # fmt: skip

    assert chat(tools=[tool, {"name": "g", "input_schema": {}}])["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "f", "description": "Does.", "parameters": {"type": "object"}, "strict": True,
            },
        },
        {"type": "function", "function": {"name": "g", "parameters": {}}},
    ]  # fmt: skip


def test_a_system_prompt_is_the_first_message() -> None:
    blocks = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]

    assert chat(system="Be brief.")["messages"][0] == {"role": "system", "content": "Be brief."}
    assert chat(system=blocks)["messages"][0] == {"role": "system", "content": "Be brief.\n\nBe kind."}


def test_a_note_to_anthropic_s_billing_does_not_reach_another_model() -> None:
    note = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=1ab2c;"}

    assert chat(system=[note, {"type": "text", "text": "Be brief."}]) == chat(system="Be brief.")
    assert chat(system=note["text"] + "\nBe brief.") == chat(system="Be brief.")
    assert chat(system=[note]) == chat()


def test_texts_become_one_text_because_many_upstreams_take_nothing_else() -> None:
    parts = [
        {"type": "text", "text": "你好"},
        {"type": "text", "text": "two", "cache_control": {"ttl": "1h"}},
    ]

    assert turns(("user", parts)) == [{"role": "user", "content": "你好\n\ntwo"}]


def test_a_system_message_stays_where_it_stands() -> None:
    assert turns(("user", "a"), ("system", "b"), ("assistant", "c"), ("user", "d")) == [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "user", "content": "d"},
    ]


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (AN_IMAGE["source"], "data:image/png;base64,aGk="),
        ({"type": "url", "url": "https://pictures.example/a.png"}, "https://pictures.example/a.png"),
    ],
)
def test_an_image_keeps_its_place_among_the_texts(source: dict[str, str], url: str) -> None:
    blocks = [{"type": "text", "text": "before"}, {"type": "image", "source": source}]

    assert turns(("user", blocks)) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "before"}, {"type": "image_url", "image_url": {"url": url}},
            ],
        }
    ]  # fmt: skip


def test_calls_and_results_of_tools_keep_their_ids() -> None:
    used = [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": "ü"}, "caller": {"type": "direct"}},
        {"type": "tool_use", "id": "functions.g:1", "name": "g", "input": {}},
    ]
    results = [
        {"type": "text", "text": "and then?"},
        {"type": "tool_result", "tool_use_id": "a", "content": "done", "is_error": False},
        {"type": "tool_result", "tool_use_id": "functions.g:1", "content": "no such g", "is_error": True},
    ]

    assert turns(("user", "go"), ("assistant", used), ("user", results))[1:] == [
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":"ü"}'}},
                {"id": "functions.g:1", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "done"},
        {"role": "tool", "tool_call_id": "functions.g:1", "content": "Error: no such g"},
        {"role": "user", "content": "and then?"},
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, ""),
        ("", ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\n\nb"),
    ],
)
def test_a_result_is_one_text(content: object, told: str) -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": content}

    assert turns(("user", [result])) == [{"role": "tool", "tool_call_id": "a", "content": told}]


def test_images_of_results_follow_when_all_results_were_given() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "a", "content": [AN_IMAGE]},
        {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "ok"}, AN_IMAGE]},
    ]
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}

    assert turns(("user", results)) == [
        {"role": "tool", "tool_call_id": "a", "content": "See the image below."},
        {"role": "tool", "tool_call_id": "b", "content": "ok"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "From result 1:"}, shown,
                {"type": "text", "text": "From result 2:"}, shown,
            ],
        },
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_thought_returns_to_the_field_that_it_came_from(field: str) -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": f"unsigned:{field}"}

    answer = [thought, {"type": "text", "text": "b"}]

    assert turns(("user", "a"), ("assistant", answer), ("user", "c"))[1] == {
        "role": "assistant", "content": "b", field: "hm",
    }  # fmt: skip


@pytest.mark.parametrize(
    "thought",
    [
        {"type": "thinking", "thinking": "hm", "signature": "EqQBCgIYAhIM"},
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "redacted_thinking", "data": "EmwKAhgB"},
    ],
)
def test_thoughts_of_other_providers_are_left_out(thought: dict[str, str]) -> None:
    answer = [thought, {"type": "text", "text": "b"}]

    assert turns(("user", "a"), ("assistant", answer), ("user", "c"))[1] == {
        "role": "assistant", "content": "b",
    }  # fmt: skip


def test_an_answer_of_which_nothing_can_be_sent_back_is_left_out() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "EqQBCgIYAhIM"}

    assert [turn["role"] for turn in turns(("user", "a"), ("assistant", [thought]), ("user", "c"))] == [
        "user", "user",
    ]  # fmt: skip


def test_an_answer_that_was_only_thought_is_kept() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "unsigned:reasoning"}

    assert turns(("user", "a"), ("assistant", [thought]), ("user", "c"))[1] == {
        "role": "assistant", "content": "", "reasoning": "hm",
    }  # fmt: skip


def test_an_id_that_upstreams_do_not_take_for_a_user_becomes_its_digest() -> None:
    user = chat(metadata={"user_id": LONG_USER_ID})["user"]

    assert len(user) == 64
    assert user.isalnum()
    assert (
        user
        == chat(metadata={"user_id": LONG_USER_ID})["user"]
        != chat(metadata={"user_id": "a@b.c"})["user"]
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"system": "a"},
        {"system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}] * 9}]},
        {"messages": [{"role": "user", "content": [{**A_RESULT, "content": [A_LINK]}] * 9}]},
        {"messages": [{"role": "user", "content": [{**A_RESULT, "is_error": True}] * 9}]},
        claude_code_request(),
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_a_model_reads_no_more_than_the_hold_was_bounded_by(fields: dict[str, Any]) -> None:
    """The bound counts the bytes that the caller sent, and some for each message."""
    asked, said = {**ASKED, **fields}, chat(**fields)
    read = [message["content"] or "" for message in said["messages"]]
    texts = [part.get("text", "") for parts in read for part in (parts if isinstance(parts, list) else [])]
    texts += [content for content in read if isinstance(content, str)]

    per_message = MOST_TOKENS_PER_MESSAGE * (len(said["messages"]) - len(asked["messages"]))
    assert sum(len(text.encode()) for text in texts) + per_message <= len(orjson.dumps(asked))


def test_what_claude_code_sends_is_a_chat_that_the_sdk_knows() -> None:
    asked = claude_code_request()

    said = messages_to_chat.request(asked)

    CHAT_REQUEST.validate_python(said)
    assert [message["role"] for message in said["messages"]] == [
        "system", "user", "system", "assistant", "tool", "tool", "user",
    ]  # fmt: skip
    assert "reasoning_effort" not in said  # high is what Anthropic's models do by default
