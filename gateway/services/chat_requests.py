"""The body of `POST /v1/chat/completions`."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from gateway.errors import FieldInvalid, FieldNotOffered
from gateway.services import request_fields
from gateway.services.model_requests import NO_MEDIA, Media, ModelRequest, Surface
from gateway.services.request_fields import Fields

MOST_CHOICES = 128
OUTPUT_LIMIT_FIELDS = ("max_completion_tokens", "max_tokens")

# Work and storage that upstreams charge apart from tokens: they have no price here.
_UNPRICED = ("web_search_options", "search_parameters", "enable_search", "plugins", "audio", "store")
# Tuples, here and below: what a caller sends in place of a word may be anything, also what has no hash.
_TEXT_PARTS = ("text", "refusal")
# Fields of a message that refer to something whose size its text does not show.
_REFERENCES = ("audio", "images", "videos", "files", "file_ids")
_TOOLS_OF_THE_CALLER = ("function", "custom")
_DEARER_TIERS = ("priority", "scale")


def read(body: bytes) -> ModelRequest:
    """Return what ``body`` asks for; raise what is wrong with it, naming the field."""
    fields = request_fields.json_object(body)
    _require_priced(fields)
    messages = request_fields.messages(fields)
    is_stream = request_fields.flag(fields, "stream")
    shows_usage = is_stream and _ask_for_usage(fields)
    limits = {name: request_fields.count(fields, name) for name in OUTPUT_LIMIT_FIELDS}
    asked = {name: limit for name, limit in limits.items() if limit is not None}
    return ModelRequest(
        surface=Surface.CHAT,
        model=request_fields.model(fields),
        is_stream=is_stream,
        shows_usage=shows_usage,
        choices=request_fields.count(fields, "n", most=MOST_CHOICES) or 1,
        asked_output_tokens=min(asked.values(), default=None),
        output_limit_fields=tuple(asked) or ("max_tokens",),
        messages=len(messages),
        media=sum((_media(message) for message in messages if not _is_text(message)), NO_MEDIA),
        rest=request_fields.written(fields, without=("model", *OUTPUT_LIMIT_FIELDS)),
    )


def texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that a model reads of a request: its messages and tools, without media."""
    for message in fields["messages"]:
        yield from _texts(message)
    for name in ("tools", "functions"):
        if fields.get(name):
            yield orjson.dumps(fields[name]).decode()


def _require_priced(fields: Fields) -> None:
    request_fields.refuse(fields, *_UNPRICED)
    if fields.get("service_tier") in _DEARER_TIERS:
        raise FieldNotOffered("service_tier")
    if fields.get("modalities") not in (None, [], ["text"]):
        raise FieldNotOffered("modalities")
    for position, tool in enumerate(request_fields.items(fields, "tools")):
        if not isinstance(tool, dict) or tool.get("type") not in _TOOLS_OF_THE_CALLER:
            raise FieldNotOffered(f"tools[{position}]")


def _ask_for_usage(fields: Fields) -> bool:
    """Make the upstream report its usage in the stream; return whether the caller asked for it too."""
    options = fields.get("stream_options") or {}
    if not isinstance(options, dict):
        raise FieldInvalid("stream_options", "an object")
    fields["stream_options"] = {**options, "include_usage": True}
    return request_fields.flag(options, "include_usage")


def _is_text(message: Mapping[str, Any]) -> bool:
    """Tell whether ``message`` is a text and nothing else, as most are, and long chats have hundreds."""
    return isinstance(message.get("content"), str) and not any(map(message.get, _REFERENCES))


def _media(message: Mapping[str, Any]) -> Media:
    """Return what is not text, or is held elsewhere and only named here."""
    named = Media(references=sum(bool(message.get(name)) for name in _REFERENCES))
    return sum(map(_media_of, _parts(message)), named)


def _media_of(part: object) -> Media:
    if part is None or isinstance(part, str):
        return NO_MEDIA
    if not isinstance(part, dict):
        return Media(references=1)
    if part.get("type") in _TEXT_PARTS:
        return NO_MEDIA
    size = _data_bytes(part)
    return Media(parts=1, size_bytes=size) if size else Media(references=1)


def _data_bytes(part: Mapping[str, Any]) -> int:
    """Return how many bytes of the request are data of ``part``; 0 when it only names something."""
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)}} if url.startswith("data:"):
            return len(url.encode())
        case {"type": "input_audio", "input_audio": {"data": str(data)}}:
            return len(data.encode())
        case {"type": "file", "file": {"file_data": str(data)}}:
            return len(data.encode())
        case _:
            return 0


def _parts(message: Mapping[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else [content]


def _texts(message: Mapping[str, Any]) -> list[str]:
    texts = [part.get("text") if isinstance(part, dict) else part for part in _parts(message)]
    if message.get("tool_calls"):
        texts.append(orjson.dumps(message["tool_calls"]).decode())
    return [text for text in texts if isinstance(text, str)]
