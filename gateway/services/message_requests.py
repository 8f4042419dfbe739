"""The body of Anthropic's `POST /v1/messages`, and of its `count_tokens`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from gateway.errors import FieldInvalid, FieldNotOffered
from gateway.services import request_fields
from gateway.services.model_requests import NO_MEDIA, Media, ModelRequest, Surface
from gateway.services.request_fields import Fields

OUTPUT_LIMIT_FIELD = "max_tokens"

# Work and storage that upstreams charge apart from tokens: they have no price here.
_UNPRICED = ("mcp_servers", "container", "inference_geo")
_TEXT_BLOCKS = ("text", "tool_use", "thinking", "redacted_thinking", "search_result")
# Tools that Anthropic describes and the caller runs; all others with a type of their own run at Anthropic.
_TOOLS_OF_THE_CALLER = ("custom", "bash_", "text_editor_", "computer_", "memory_")
_DATA = ("base64", "text")


def read(body: bytes, headers: Mapping[str, str]) -> ModelRequest:
    """Return what ``body`` asks for; raise what is wrong with it, naming the field."""
    fields = request_fields.json_object(body)
    asked = request_fields.count(fields, OUTPUT_LIMIT_FIELD)
    if asked is None:
        raise FieldInvalid(OUTPUT_LIMIT_FIELD, "a whole number from 1 on")
    return _request(fields, headers, asked)


def read_to_count(body: bytes, headers: Mapping[str, str]) -> ModelRequest:
    """Return the request whose input is to be counted, and that is to be sent to nobody."""
    return _request(request_fields.json_object(body), headers, None)


def _request(fields: Fields, headers: Mapping[str, str], asked_output_tokens: int | None) -> ModelRequest:
    _require_priced(fields)
    messages = request_fields.messages(fields)
    contents = [fields.get("system"), *(message.get("content") for message in messages)]
    return ModelRequest(
        surface=Surface.MESSAGES,
        model=request_fields.model(fields),
        is_stream=request_fields.flag(fields, "stream"),
        asked_output_tokens=asked_output_tokens,
        output_limit_fields=(OUTPUT_LIMIT_FIELD,) if asked_output_tokens else (),
        messages=len(messages),
        media=sum(map(_media, contents), NO_MEDIA),
        headers=headers,
        rest=request_fields.written(fields, without=("model", OUTPUT_LIMIT_FIELD)),
    )


def texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that a model reads of a request: system, messages and tools, without media."""
    yield from _texts(fields.get("system"))
    for message in fields["messages"]:
        yield from _texts(message.get("content"))
    if fields.get("tools"):
        yield orjson.dumps(fields["tools"]).decode()


def _require_priced(fields: Fields) -> None:
    request_fields.refuse(fields, *_UNPRICED)
    if fields.get("speed") not in (None, "standard"):
        raise FieldNotOffered("speed")
    for position, tool in enumerate(request_fields.items(fields, "tools")):
        if not isinstance(tool, dict) or not _is_the_caller_s(tool.get("type")):
            raise FieldNotOffered(f"tools[{position}]")


def _is_the_caller_s(kind: object) -> bool:
    return kind is None or (isinstance(kind, str) and kind.startswith(_TOOLS_OF_THE_CALLER))


def _media(content: object) -> Media:
    return sum(map(_media_of, _blocks(content)), NO_MEDIA)


def _media_of(block: object) -> Media:
    match block:
        case None | str():
            return NO_MEDIA
        case {"type": "tool_result", **rest}:
            return _media(rest.get("content"))
        case {"type": str(kind)} if kind in _TEXT_BLOCKS:
            return NO_MEDIA
        case {"source": {"type": str(kind), "data": str(data)}} if kind in _DATA:
            return Media(parts=1, size_bytes=len(data.encode()))
        case _:
            return Media(references=1)


def _texts(content: object) -> Iterator[str]:
    for block in _blocks(content):
        match block:
            case str() | {"type": "text", "text": str()}:
                yield block if isinstance(block, str) else block["text"]
            case {"type": "tool_result", **rest}:
                yield from _texts(rest.get("content"))
            case {"type": "tool_use", **rest}:
                yield orjson.dumps(rest.get("input")).decode()
            case {"type": "thinking", "thinking": str(thought)}:
                yield thought
            case _:
                pass


def _blocks(content: object) -> Sequence[Any]:
    return content if isinstance(content, list) else [content]
