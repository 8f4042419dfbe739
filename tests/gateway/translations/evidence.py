"""Requests as clients were seen to send them, in shape; their words are ours."""

from typing import Any

AN_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
LONG_USER_ID = '{"device_id":"' + "2246aa71" * 8 + '","account_uuid":"","session_id":"5f0e-11aa"}'
CACHED = {"cache_control": {"type": "ephemeral"}}


def claude_code_request() -> dict[str, Any]:
    """Return the second request of a conversation with Claude Code 2.1."""
    return {
        "model": "openai/gpt-oss-120b",
        "messages": _after_two_calls(),
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197.1c0; cch=1ab2c;"},
            {"type": "text", "text": "You are an agent.", **CACHED},
            {"type": "text", "text": "\nBe careful.", **CACHED},
        ],
        "tools": [_tool("Read"), _tool("Bash")],
        "metadata": {"user_id": LONG_USER_ID},
        "max_tokens": 32000,
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "stream": True,
    }


def _after_two_calls() -> list[dict[str, Any]]:
    """Return a conversation in which one tool showed an image and another failed."""
    thought = {"type": "thinking", "thinking": "They wait.", "signature": "unsigned:reasoning_content"}
    calls = [
        {"type": "tool_use", "id": "call_1", "name": "Read", "input": {"file_path": "a.png"}},
        {"type": "tool_use", "id": "call_2", "name": "Bash", "input": {"command": "false"}},
    ]
    results = [
        {"type": "tool_result", "tool_use_id": "call_1", "content": [AN_IMAGE]},
        {
            "type": "tool_result",
            "content": "Exit code 1",
            "is_error": True,
            "tool_use_id": "call_2",
            **CACHED,
        },
    ]
    words = [{"type": "text", "text": "<system>Today.</system>"}, {"type": "text", "text": "look", **CACHED}]
    return [
        {"role": "user", "content": words},
        {"role": "system", "content": "These agents can be asked."},
        {"role": "assistant", "content": [thought, *calls]},
        {"role": "user", "content": results},
    ]


def _tool(name: str) -> dict[str, Any]:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}
    return {"name": name, "description": f"{name} does.", "input_schema": schema}
