"""The body of a chat completion: what the gateway must know of it, and all the rest as it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import BodyUnreadable, FieldInvalid, FieldNotOffered

MOST_CHOICES = 128
OUTPUT_LIMIT_FIELDS = ("max_completion_tokens", "max_tokens")

# The gateway writes these itself, so they are not part of the rest.
_OURS = ("model", *OUTPUT_LIMIT_FIELDS)
# Work and storage that upstreams charge apart from tokens: they have no price here.
_UNPRICED = ("web_search_options", "search_parameters", "enable_search", "plugins", "audio", "store")
# Where some upstreams, routers themselves, would let the caller choose who answers and at whose cost.
_STEERING = (
    "models", "fallbacks", "route", "provider", "model_list", "user_config", "custom_llm_provider",
    "api_base", "base_url", "api_key", "api_version", "extra_headers", "extra_query", "extra_body",
)  # fmt: skip
# Tuples, here and below: what a caller sends in place of a word may be anything, also what has no hash.
_TEXT_PARTS = ("text", "refusal")
# Fields of a message that refer to something whose size its text does not show.
_REFERENCES = ("audio", "images", "videos", "files", "file_ids")
_TOOLS_OF_THE_CALLER = ("function", "custom")
_DEARER_TIERS = ("priority", "scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A chat completion as asked for. ``rest`` is every field that passes unchanged, as JSON."""

    model: str
    is_stream: bool
    wants_usage: bool
    choices: int
    asked_output_tokens: int | None
    output_limit_fields: Sequence[str]
    messages: int
    media_parts: int
    rest: bytes

    def for_upstream(self, *, model: str, output_limit_tokens: int, output_limit_field: str) -> bytes:
        """Return the body to send: the upstream's ``model`` name, and the limit that the hold affords.

        The limit goes where the caller's own stood, unless the upstream knows ``output_limit_field`` only.
        """
        fields = [output_limit_field] if output_limit_field else self.output_limit_fields
        ours = {"model": model, **dict.fromkeys(fields, output_limit_tokens)}
        return orjson.dumps(ours)[:-1] + b"," + self.rest[1:]


def read(body: bytes) -> ChatRequest:
    """Return what ``body`` asks for; raise what is wrong with it, naming the field."""
    fields = _object(body)
    _require_priced(fields)
    messages = _messages(fields)
    is_stream = _flag(fields, "stream")
    wants_usage = is_stream and _ask_for_usage(fields)
    asked = {name: _count(fields, name) for name in OUTPUT_LIMIT_FIELDS if fields.get(name) is not None}
    return ChatRequest(
        model=_model(fields),
        is_stream=is_stream,
        wants_usage=wants_usage,
        choices=_count(fields, "n", most=MOST_CHOICES) if fields.get("n") is not None else 1,
        asked_output_tokens=min(asked.values(), default=None),
        output_limit_fields=tuple(asked) or ("max_tokens",),
        messages=len(messages),
        media_parts=sum(map(_media_parts, messages)),
        rest=_written({name: value for name, value in fields.items() if name not in _OURS}),
    )


def prompt_text(rest: bytes) -> str:
    """Return everything that a model reads of a request: its messages and tools, without media."""
    fields = orjson.loads(rest)
    texts = [text for message in fields["messages"] for text in _texts(message)]
    tools = [orjson.dumps(fields[name]).decode() for name in ("tools", "functions") if fields.get(name)]
    return "\n".join(texts + tools)


def _object(body: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyUnreadable from None
    if not isinstance(fields, dict):
        raise BodyUnreadable
    return fields


def _written(fields: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError:  # nested deeper than anything that makes sense
        raise BodyUnreadable from None


def _require_priced(fields: Mapping[str, Any]) -> None:
    for name in (*_UNPRICED, *_STEERING):
        if fields.get(name):
            raise FieldNotOffered(name)
    if fields.get("service_tier") in _DEARER_TIERS:
        raise FieldNotOffered("service_tier")
    if fields.get("modalities") not in (None, [], ["text"]):
        raise FieldNotOffered("modalities")
    _require_tools_of_the_caller(fields.get("tools") or [])


def _require_tools_of_the_caller(tools: object) -> None:
    if not isinstance(tools, list):
        raise FieldInvalid("tools", "a list")
    for position, tool in enumerate(tools):
        if not isinstance(tool, dict) or tool.get("type") not in _TOOLS_OF_THE_CALLER:
            raise FieldNotOffered(f"tools[{position}]")


def _model(fields: Mapping[str, Any]) -> str:
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise FieldInvalid("model", "the name of a model")
    return model


def _messages(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise FieldInvalid("messages", "a list of at least one message")
    for position, message in enumerate(messages):
        if not isinstance(message, dict):
            raise FieldInvalid(f"messages[{position}]", "an object")
    return messages


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise FieldInvalid(name, "true or false")
    return bool(value)


def _count(fields: Mapping[str, Any], name: str, *, most: int | None = None) -> int:
    value = fields[name]
    if type(value) is not int or value < 1:
        raise FieldInvalid(name, "a whole number from 1 on")
    if most is not None and value > most:
        raise FieldInvalid(name, f"at most {most}")
    return value


def _ask_for_usage(fields: dict[str, Any]) -> bool:
    """Make the upstream report its usage in the stream; return whether the caller asked for it too."""
    options = fields.get("stream_options") or {}
    if not isinstance(options, dict):
        raise FieldInvalid("stream_options", "an object")
    fields["stream_options"] = {**options, "include_usage": True}
    return _flag(options, "include_usage")


def _media_parts(message: Mapping[str, Any]) -> int:
    """Count what is not text, or is held elsewhere and only named here."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    references = sum(bool(message.get(name)) for name in _REFERENCES)
    return references + sum(not _is_text(part) for part in parts)


def _is_text(part: object) -> bool:
    if isinstance(part, dict):
        return part.get("type") in _TEXT_PARTS
    return part is None or isinstance(part, str)


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    if message.get("tool_calls"):
        texts.append(orjson.dumps(message["tool_calls"]).decode())
    return [text for text in texts if isinstance(text, str)]
