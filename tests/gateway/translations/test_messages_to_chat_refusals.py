from typing import Any

import pytest

from gateway.errors import FieldInvalid, Untranslatable
from gateway.services.translations import messages_to_chat
from tests.gateway.translations.evidence import AN_IMAGE

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def refused(kind: type[FieldInvalid | Untranslatable], **fields: Any) -> str:
    """Return the place of what is refused in such a request."""
    with pytest.raises(kind) as refusal:
        messages_to_chat.request({**ASKED, **fields})
    assert isinstance(refusal.value, FieldInvalid | Untranslatable)
    return refusal.value.param


def conversation(*turns: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in turns]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"top_k": 5}, "top_k"),
        ({"container": "c"}, "container"),
        ({"mcp_servers": [{"url": "x"}]}, "mcp_servers"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"speed": "fast"}, "speed"),
        ({"fallbacks": [{"model": "m"}]}, "fallbacks"),
        ({"new_field": 0}, "new_field"),
        ({"metadata": {"team": "x"}}, "metadata.team"),
        ({"output_config": {"task_budget": {"total": 1}}}, "output_config.task_budget"),
        ({"output_config": {"format": {"type": "regex"}}}, "output_config.format"),
        (
            {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
            "context_management.edits[0]",
        ),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0]"),
        ({"tools": [{"name": "f", "input_schema": {}, "defer_loading": True}]}, "tools[0].defer_loading"),
        ({"tools": [{"name": "f", "input_schema": {}, "input_examples": [{}]}]}, "tools[0].input_examples"),
        (
            {"tools": [{"name": "f", "input_schema": {}, "allowed_callers": ["code_execution_20260120"]}]},
            "tools[0].allowed_callers",
        ),
        ({"system": [{"type": "text", "text": "a"}, {"type": "image"}]}, "system[1]"),
        ({"messages": [{"role": "user", "content": "a", "name": "b"}]}, "messages[0].name"),
        ({"messages": [*ASKED["messages"], {"role": "assistant", "content": "The"}]}, "messages[1]"),
    ],
)
def test_what_a_chat_cannot_ask_for_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert refused(Untranslatable, **fields) == param


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"type": "document", "source": {"type": "base64"}}, ""),
        ({"type": "search_result"}, ""),
        ({"type": "server_tool_use"}, ""),
        ({"type": "web_search_tool_result"}, ""),
        ({"type": "container_upload"}, ""),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, ".source"),
        ({**AN_IMAGE, "transformations": {"oversized_image": "error"}}, ".transformations"),
        ({"type": "text", "text": "a", "citations": [{"type": "page_location"}]}, ".citations"),
        ({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "document"}]}, ".content[0]"),
        ({"type": "tool_result", "tool_use_id": "a", "toolset_name": "browser"}, ".toolset_name"),
    ],
)
def test_a_block_that_a_chat_cannot_hold_is_refused_with_its_place(block: dict[str, Any], place: str) -> None:
    messages = conversation(("user", "a"), ("user", [{"type": "text", "text": "b"}, block]))

    assert refused(Untranslatable, messages=messages) == "messages[1].content[1]" + place


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"type": "server_tool_use"}, ""),
        ({"type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": {"type": "x"}}, ".caller"),
    ],
)
def test_an_answer_that_a_chat_cannot_hold_is_refused_with_its_place(
    block: dict[str, Any], place: str
) -> None:
    messages = conversation(("user", "a"), ("assistant", [block]), ("user", "b"))

    assert refused(Untranslatable, messages=messages) == "messages[1].content[0]" + place


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["a"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"system": 3}, "system"),
        ({"tools": {"name": "f"}}, "tools"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "all"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"metadata": {"user_id": 3}}, "metadata.user_id"),
        ({"thinking": {"type": "enabled", "budget_tokens": "lots"}}, "thinking.budget_tokens"),
        ({"output_config": {"effort": "enormous"}}, "output_config.effort"),
    ],
)
def test_what_is_no_such_request_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert refused(FieldInvalid, **fields) == param


def test_an_input_nested_beyond_all_sense_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _level in range(500):
        deep = {"x": deep}

    use = {"type": "tool_use", "id": "a", "name": "f", "input": deep}
    messages = conversation(("user", "a"), ("assistant", [use]), ("user", "b"))

    assert refused(FieldInvalid, messages=messages) == "messages[1].content[0].input"
