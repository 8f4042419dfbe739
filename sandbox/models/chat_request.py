"""The chat request: what a valid body asks for, and what is wrong with an invalid one."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import orjson

from sandbox.models import fields as reading
from sandbox.models.asked import TOKENS_PER_MEDIA_PART, TOKENS_PER_MESSAGE, Asked, Section
from sandbox.models.refusals import Refusal
from sandbox.models.tokens import count_tokens

MOST_CHOICES = 128
ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})

Message = Mapping[str, Any]


def read_chat_request(body: bytes) -> Asked:
    """Return the request that ``body`` states; raises Refusal, saying what is wrong with it.

    The whole prompt is cacheable, as at OpenAI, where nobody has to ask for that.
    """
    fields = reading.read_object(body)
    messages = _messages(fields)
    stream = reading.flag(fields, "stream")
    prompt = [*_tools_section(fields), *map(_section, messages)]
    results = list(takewhile(lambda message: message["role"] == "tool", reversed(messages)))
    limit = reading.count(fields, "max_completion_tokens") or reading.count(fields, "max_tokens")
    return Asked(
        model=reading.model(fields),
        stream=stream,
        prompt=prompt,
        cacheable=len(prompt),
        text="" if results else _last_user_text(messages),
        results=["".join(_texts(message)) for message in reversed(results)],
        tools=_tools(fields),
        schema=_schema(fields),
        max_tokens=limit,
        choices=reading.count(fields, "n", most=MOST_CHOICES) or 1,
        include_usage=_include_usage(fields, stream=stream),
    )


def _messages(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal("At least one message is required.", param="messages")
    called: list[str] = []
    for position, message in enumerate(messages):
        _check_message(message, param=f"messages[{position}]")
        called += [call["id"] for call in message.get("tool_calls") or ()]
        if message["role"] == "tool" and message.get("tool_call_id") not in called:
            raise Refusal("No message before calls this tool.", param=f"messages[{position}].tool_call_id")
    return messages


def _check_message(message: object, *, param: str) -> None:
    match message:
        case {"role": str(role)} if role not in ROLES:
            raise Refusal(f"{role!r} is not a role.", param=f"{param}.role")
        case {"role": "assistant", "tool_calls": [_, *_] as calls}:
            if not all(isinstance(call, dict) and isinstance(call.get("id"), str) for call in calls):
                raise Refusal("A tool call is an object with an id.", param=f"{param}.tool_calls")
        case {"role": str(), "content": str()} | {"role": "assistant", "content": None}:
            pass
        case {"role": str(), "content": [_, *_] as parts} if all(map(_is_part, parts)):
            pass
        case _:
            raise Refusal("A message needs a role, and a string or parts as content.", param=param)


def _is_part(part: object) -> bool:
    match part:
        case {"type": "text", "text": text}:
            return isinstance(text, str)
        case {"type": str(kind)}:
            return kind != "text"
        case _:
            return False


def _include_usage(fields: Mapping[str, Any], *, stream: bool) -> bool:
    options = fields.get("stream_options")
    if options is None:
        return False
    if not stream:
        raise Refusal("stream_options belong to a streamed answer.", param="stream_options")
    return reading.flag(reading.inner(fields, "stream_options"), "include_usage")


def _schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    match reading.inner(fields, "response_format"):
        case {"type": "json_object"}:
            return {}
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_schema"}:
            raise Refusal("A schema is required.", param="response_format.json_schema")
        case _:
            return None


def _last_user_text(messages: Sequence[Message]) -> str:
    said_by_user = (message for message in reversed(messages) if message["role"] == "user")
    return "".join(_texts(next(said_by_user, {})))


def _texts(message: Message) -> list[str]:
    match message.get("content"):
        case str(text):
            return [text]
        case [*parts]:
            return [part["text"] for part in parts if part["type"] == "text"]
        case _:
            return []


def _section(message: Message) -> Section:
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


def _tools_section(fields: Mapping[str, Any]) -> list[Section]:
    if not fields.get("tools"):
        return []
    content = orjson.dumps(fields["tools"])
    return [Section(content=content, tokens=count_tokens(content.decode()))]


def _tools(fields: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the tools that may be called."""
    offered = reading.objects(fields, "tools")
    if fields.get("tool_choice") == "none":
        return frozenset()
    functions = (reading.inner(tool, "function") for tool in offered)
    return frozenset(str(function.get("name")) for function in functions)
