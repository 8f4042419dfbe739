"""The messages of a chat, turned into a system prompt and the turns of a conversation."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import FieldInvalid, Untranslatable
from gateway.services.translations import identities, images
from gateway.services.translations.reading import Asked

Blocks = list[dict[str, Any]]
# What clients send back of an answer and no model reads: how it was made, and thoughts that nobody signed.
_ECHOES = ("annotations", "reasoning_content", "reasoning", "reasoning_details")


def of(asked: Asked) -> dict[str, Any]:
    """Return the fields ``system`` and ``messages`` that say what the messages of ``asked`` say.

    System messages come first, wherever they stood. Consecutive messages of one side become one turn, and
    messages without any content none.
    """
    messages = asked.each("messages")
    if not messages:
        raise FieldInvalid("messages", "a list of at least one message")
    if messages[-1].fields.get("role") == "assistant":  # would be continued, where a chat begins a new answer
        raise Untranslatable(messages[-1].place)
    system: Blocks = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        side, blocks = _said(message)
        if side == "system":
            system += blocks
        elif turns and turns[-1]["role"] == side:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": side, "content": blocks})
    return ({"system": system} if system else {}) | {"messages": turns}


def _said(message: Asked) -> tuple[str, Blocks]:
    """Return whose turn ``message`` belongs to, and the blocks that it adds there."""
    match message.fields.get("role"):
        case "system" | "developer":
            message.only("role", "content")
            return "system", [block for part in message.blocks() for block in _text(part)]
        case "user":
            message.only("role", "content")
            return "user", [block for part in message.blocks() for block in _block(part)]
        case "assistant":
            return "assistant", _assistant(message)
        case "tool":
            return "user", [_tool_result(message)]
        case "function":  # from before calls had ids
            raise Untranslatable(message.place)
        case _:
            raise FieldInvalid(message.place_of("role"), "system, developer, user, assistant or tool")


def _assistant(message: Asked) -> Blocks:
    message.only("role", "content", "refusal", "tool_calls", *_ECHOES)
    blocks = [block for part in message.blocks() for block in _text(part)]
    if refusal := message.find_text("refusal"):
        blocks.append({"type": "text", "text": refusal})
    return blocks + [_tool_use(call) for call in message.each("tool_calls")]


def _tool_use(call: Asked) -> dict[str, Any]:
    if call.fields.get("type", "function") != "function":
        raise Untranslatable(call.place)
    function = call.part("function")
    return {
        "type": "tool_use",
        "id": identities.tool_use(call.text("id")),
        "name": function.text("name"),
        "input": _input(function),
    }


def _input(function: Asked) -> Mapping[str, Any]:
    """Return the arguments of a call as the object that they stand for; none at all as an empty one."""
    try:
        arguments = orjson.loads(function.text("arguments") or "{}")
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, Mapping):
        raise FieldInvalid(function.place_of("arguments"), "a JSON object")
    return arguments


def _tool_result(message: Asked) -> dict[str, Any]:
    message.only("role", "content", "tool_call_id", "name")  # the name is that of the call
    blocks = [block for part in message.blocks() for block in _block(part)]
    call_id = identities.tool_use(message.text("tool_call_id"))
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id}
    return result | {"content": blocks} if blocks else result


def _block(part: Asked) -> Blocks:
    if part.fields.get("type") == "image_url":
        part.only("type", "image_url", "cache_control")
        return [images.as_block(part) | _cache_mark(part)]
    return _text(part)


def _text(part: Asked) -> Blocks:
    """Return a part that is text as a block; as none when it is blank, which Anthropic does not take."""
    kind = part.fields.get("type")
    if kind not in ("text", "refusal"):
        raise Untranslatable(part.place)
    part.only("type", kind, "cache_control", "prompt_cache_breakpoint")
    text = part.text(kind)
    return [{"type": "text", "text": text, **_cache_mark(part)}] if text.strip() else []


def _cache_mark(part: Asked) -> dict[str, Any]:
    """Return the mark for Anthropic's cache, which clients that know it set in chats, too."""
    mark = part.fields.get("cache_control")
    return {"cache_control": mark} if mark else {}
