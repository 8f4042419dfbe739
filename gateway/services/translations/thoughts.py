"""A model's thoughts: blocks with a signature in one protocol, a field that is no part of the other.

Upstreams of OpenAI's style tell thoughts in one field or another, and several of them refuse a conversation
in which the thoughts before a tool call are missing. So the signature of a block that we make names the field
that it came from: when the caller sends the block back, the thought returns to exactly that field. A block
that somebody else signed can be read by its provider alone, and is left out, as Anthropic does itself with
thoughts of other models.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.services.translations import answered
from gateway.services.translations.reading import Asked

# The first is DeepSeek's, which most know; the second OpenRouter's and Groq's. Some send both, with one text.
_FIELDS = ("reasoning_content", "reasoning")
UNSIGNED = "unsigned:"
_SIGNATURES = {field: f"{UNSIGNED}{field}" for field in _FIELDS}
# How thoughts are told to callers of chat completions.
SHOWN_FIELD = _FIELDS[0]


class Thought(NamedTuple):
    """Some thought, and the field in which its upstream tells thoughts."""

    field: str
    text: str

    def signature(self) -> str:
        """Return what stands where a provider's signature would."""
        return _SIGNATURES[self.field]


def told_in(fields: Mapping[str, Any]) -> Thought | None:
    """Return the thought that a chat message, or a piece of one, tells."""
    for field in _FIELDS:
        if text := answered.text(fields, field):
            return Thought(field, text)
    return None


def without_unsigned(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request of messages without the blocks that we made: who checks signatures refuses them."""
    messages = [_signed_only(message) for message in fields["messages"]]
    return {**fields, "messages": messages}


def of_block(block: Asked) -> Thought | None:
    """Return the thought to send back, or None when its upstream was another one."""
    signature = block.find_text("signature")
    for field in _FIELDS:
        if signature == _SIGNATURES[field]:
            return Thought(field, block.text("thinking"))
    return None


def _signed_only(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [block for block in content if not _is_unsigned(block)]}


def _is_unsigned(block: object) -> bool:
    return isinstance(block, Mapping) and block.get("signature") in _SIGNATURES.values()
