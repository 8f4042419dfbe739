"""The chat request: what a valid body asks for, and what is wrong with an invalid one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.openai_errors import ApiError
from sandbox.tokens import count_tokens

MOST_CHOICES = 128
ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})
TOKENS_PER_MESSAGE = 4  # the role and the frame around the content
TOKENS_PER_MEDIA_PART = 100  # an image, a sound, a file


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the prompt that a prefix cache knows as a whole: the tools, or one message."""

    content: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A valid request to ``/v1/chat/completions``, reduced to what the sandbox acts on."""

    model: str
    last_user_text: str
    prompt: Sequence[Section]
    choices: int
    max_tokens: int | None
    stream: bool
    include_usage: bool


def read_chat_request(body: bytes) -> ChatRequest:
    """Return the request that ``body`` states; raises ApiError, saying what is wrong with it."""
    fields = _object(body)
    messages = _messages(fields)
    stream = _flag(fields, "stream")
    return ChatRequest(
        model=_model(fields),
        last_user_text=_last_user_text(messages),
        prompt=[*_tools(fields), *map(_section, messages)],
        choices=_count(fields, "n", most=MOST_CHOICES) or 1,
        max_tokens=_count(fields, "max_completion_tokens") or _count(fields, "max_tokens"),
        stream=stream,
        include_usage=_include_usage(fields, stream=stream),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ApiError("The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise ApiError("The body must be a JSON object.")
    return fields


def _model(fields: Mapping[str, Any]) -> str:
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise ApiError("A model is required.", param="model")
    return model


def _messages(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ApiError("At least one message is required.", param="messages")
    for position, message in enumerate(messages):
        _check_message(message, param=f"messages[{position}]")
    return messages


def _check_message(message: object, *, param: str) -> None:
    match message:
        case {"role": str(role)} if role not in ROLES:
            raise ApiError(f"{role!r} is not a role.", param=f"{param}.role")
        case {"role": str(), "content": str()}:
            return
        case {"role": str(), "content": [_, *_] as parts} if all(map(_is_part, parts)):
            return
        case {"role": "assistant", "content": None} | {"role": "assistant", "tool_calls": [_, *_]}:
            return
        case _:
            raise ApiError("A message needs a role, and a string or parts as content.", param=param)


def _is_part(part: object) -> bool:
    match part:
        case {"type": "text", "text": text}:
            return isinstance(text, str)
        case {"type": str(kind)}:
            return kind != "text"
        case _:
            return False


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiError(f"{name} must be true or false.", param=name)
    return bool(value)


def _count(fields: Mapping[str, Any], name: str, *, most: int | None = None) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise ApiError(f"{name} must be a whole number from 1 on.", param=name)
    if most is not None and value > most:
        raise ApiError(f"{name} must be at most {most}.", param=name)
    return value


def _include_usage(fields: Mapping[str, Any], *, stream: bool) -> bool:
    options = fields.get("stream_options")
    if options is None:
        return False
    if not stream:
        raise ApiError("stream_options belong to a streamed answer.", param="stream_options")
    if not isinstance(options, dict):
        raise ApiError("stream_options must be an object.", param="stream_options")
    return _flag(options, "include_usage")


def _last_user_text(messages: Sequence[Mapping[str, Any]]) -> str:
    said_by_user = (message for message in reversed(messages) if message["role"] == "user")
    return "".join(_texts(next(said_by_user, {})))


def _texts(message: Mapping[str, Any]) -> list[str]:
    match message.get("content"):
        case str(text):
            return [text]
        case [*parts]:
            return [part["text"] for part in parts if part["type"] == "text"]
        case _:
            return []


def _section(message: Mapping[str, Any]) -> Section:
    texts = _texts(message)
    content = message.get("content")
    media_parts = len(content) - len(texts) if isinstance(content, list) else 0
    tool_calls = orjson.dumps(message["tool_calls"]).decode() if message.get("tool_calls") else ""
    return Section(
        content=orjson.dumps(message),
        tokens=TOKENS_PER_MESSAGE
        + sum(map(count_tokens, [*texts, tool_calls]))
        + TOKENS_PER_MEDIA_PART * media_parts,
    )


def _tools(fields: Mapping[str, Any]) -> list[Section]:
    if not fields.get("tools"):
        return []
    content = orjson.dumps(fields["tools"])
    return [Section(content=content, tokens=count_tokens(content.decode()))]
