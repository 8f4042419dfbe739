"""The conversation of a request for a message, turned into chat messages."""

import re
from collections.abc import Iterator
from typing import Any

from gateway.errors import FieldInvalid, Untranslatable
from gateway.services.translations import images, thoughts
from gateway.services.translations.reading import Asked

# Claude Code tells Anthropic's billing, in the first block of its system prompt, what it is and a hash of the
# request. Elsewhere that means nothing, and upstreams that cache by prefix would never find theirs again.
_BILLING_NOTE = re.compile(r"\Ax-anthropic-billing-header:[^\n]*\n*")
# Between blocks that were written apart. The pieces of an answer are joined as they are: they were one text.
_APART = "\n\n"


def of(asked: Asked) -> list[dict[str, Any]]:
    """Return the system prompt and the messages of ``asked`` as chat messages.

    Texts become one text, because many upstreams take nothing else; parts are sent only where an image is
    among them.
    """
    messages = asked.each("messages")
    if not messages:
        raise FieldInvalid("messages", "a list of at least one message")
    if messages[-1].fields.get("role") == "assistant":  # to be continued; a chat would begin a new answer
        raise Untranslatable(messages[-1].place)
    system = _system(asked, "system")
    return system + [turn for message in messages for turn in _turns(message)]


def _turns(message: Asked) -> Iterator[dict[str, Any]]:
    message.only("role", "content")
    match message.fields.get("role"):
        case "user":
            yield from _user(message)
        case "assistant":
            yield from _assistant(message)
        case "system":
            yield from _system(message, "content")
        case _:
            raise FieldInvalid(message.place_of("role"), "user, assistant or system")


def _system(asked: Asked, name: str) -> list[dict[str, Any]]:
    texts = [_BILLING_NOTE.sub("", _text(block)) for block in asked.blocks(name)]
    content = _APART.join(filter(None, texts))
    return [{"role": "system", "content": content}] if content else []


def _user(message: Asked) -> Iterator[dict[str, Any]]:
    """Yield results of tools first, where a chat expects them; their images come after them."""
    parts, results = [], 0
    for block in message.blocks():
        if block.fields.get("type") == "tool_result":
            results += 1
            result, shown = _tool_result(block, results)
            yield result
            parts += shown
        else:
            parts.append(_part(block))
    if parts:
        yield {"role": "user", "content": _content(parts)}


def _assistant(message: Asked) -> Iterator[dict[str, Any]]:
    """Yield what an answer said, thought and called; nothing when no word of it can be sent back."""
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    for block in message.blocks():
        match block.fields.get("type"):
            case "text":
                texts.append(_text(block))
            case "tool_use":
                calls.append(_call(block))
            case "thinking":
                if thought := thoughts.of_block(block):
                    told[thought.field] = told.get(thought.field, "") + thought.text
            case "redacted_thinking":  # a secret of the provider that wrote it
                pass
            case _:
                raise Untranslatable(block.place)
    text = "".join(texts)
    if text or calls or told:
        turn = {"role": "assistant", "content": text or (None if calls else ""), **told}
        yield turn | {"tool_calls": calls} if calls else turn


def _call(block: Asked) -> dict[str, Any]:
    block.unless("caller", {"type": "direct"})
    block.only("type", "id", "name", "input", "caller", "cache_control")
    function = {"name": block.text("name"), "arguments": block.json("input")}
    return {"id": block.text("id"), "type": "function", "function": function}


def _tool_result(block: Asked, position: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a result as the message of a tool and, apart, its images: such a message holds text only.

    That a tool failed is said in the text: a chat has no other place for it. What is added here is shorter
    than what falls away, or the bound of the call's hold would be none.
    """
    block.only("type", "tool_use_id", "content", "is_error", "cache_control")
    parts = [_part(each) for each in block.blocks()]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    shown = [part for part in parts if part["type"] != "text"]
    if shown:
        texts = texts or ["See the image below."]
        shown.insert(0, {"type": "text", "text": f"From result {position}:"})
    text = _APART.join(texts)
    if block.fields.get("is_error"):
        text = f"Error: {text}"
    return {"role": "tool", "tool_call_id": block.text("tool_use_id"), "content": text}, shown


def _part(block: Asked) -> dict[str, Any]:
    match block.fields.get("type"):
        case "text":
            return {"type": "text", "text": _text(block)}
        case "image":
            return images.as_part(block)
        case _:
            raise Untranslatable(block.place)


def _content(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    if all(part["type"] == "text" for part in parts):
        return _APART.join(part["text"] for part in parts)
    return parts


def _text(block: Asked) -> str:
    if block.fields.get("type") != "text":
        raise Untranslatable(block.place)
    block.only("type", "text", "cache_control")
    return block.text("text")
