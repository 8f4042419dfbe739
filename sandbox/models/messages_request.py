"""The messages request: what a valid body asks for, and what is wrong with an invalid one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from sandbox.models import fields as reading
from sandbox.models.asked import TOKENS_PER_MEDIA_PART, TOKENS_PER_MESSAGE, Asked, Section
from sandbox.models.refusals import Refusal
from sandbox.models.tokens import count_tokens

ROLES = frozenset({"user", "assistant", "system"})
CACHE_MARK = "cache_control"

Block = Mapping[str, Any]


def read_messages_request(body: bytes) -> Asked:
    """Return the request that ``body`` states; raises Refusal, saying what is wrong with it."""
    fields = reading.read_object(body)
    limit = reading.count(fields, "max_tokens", least=0)
    if limit is None:
        raise Refusal("Field required", param="max_tokens")
    return _asked(fields, max_tokens=limit)


def read_count_request(body: bytes) -> Asked:
    """Return the request whose prompt is to be counted; it needs no limit."""
    return _asked(reading.read_object(body), max_tokens=None)


def _asked(fields: Mapping[str, Any], *, max_tokens: int | None) -> Asked:
    """Reduce ``fields``; the prompt is cacheable up to its last mark, as at Anthropic."""
    messages = _messages(fields)
    prompt = list(_parts(fields, messages))
    marks = {
        end: mark for end, part in enumerate(prompt, start=1) if (mark := reading.inner(part, CACHE_MARK))
    }
    if mark := reading.inner(fields, CACHE_MARK):
        marks[len(prompt)] = mark
    cacheable = max(marks, default=0)
    last_said = next((blocks for role, blocks in reversed(messages) if role == "user"), [])
    return Asked(
        model=reading.model(fields),
        stream=reading.flag(fields, "stream"),
        prompt=[_section(part) for part in prompt],
        cacheable=cacheable,
        cache_lasts_an_hour=marks.get(cacheable, {}).get("ttl") == "1h",
        text="".join(block["text"] for block in last_said if block["type"] == "text"),
        results=["".join(_texts(block)) for block in last_said if block["type"] == "tool_result"],
        tools=_tools(fields),
        schema=_schema(fields),
        may_reason=reading.inner(fields, "thinking").get("type", "disabled") != "disabled",
        max_tokens=max_tokens,
    )


def _messages(fields: Mapping[str, Any]) -> list[tuple[str, list[Block]]]:
    given = reading.objects(fields, "messages")
    if not given:
        raise Refusal("at least one message is required", param="messages")
    messages, called = [], set()
    for position, message in enumerate(given):
        param = f"messages.{position}"
        if message.get("role") not in ROLES:
            raise Refusal("Input should be 'user' or 'assistant'", param=f"{param}.role")
        blocks = _blocks(message.get("content"), param=f"{param}.content")
        called |= {block["id"] for block in blocks if block["type"] == "tool_use"}
        if any(block["type"] == "tool_result" and block["tool_use_id"] not in called for block in blocks):
            raise Refusal("unexpected tool_use_id: no tool_use before has it", param=f"{param}.content")
        messages.append((message["role"], blocks))
    return messages


def _blocks(content: object, *, param: str) -> list[Block]:
    """Return ``content`` as blocks, which a string is a short form of."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(map(_is_block, content)):
        raise Refusal("Input should be a string or a list of content blocks", param=param)
    return content


def _is_block(block: object) -> bool:
    match block:
        case {"type": "text", "text": str()} | {"type": "tool_result", "tool_use_id": str()}:
            return True
        case {"type": "tool_use", "id": str(), "name": str(), "input": dict()}:
            return True
        case {"type": str(kind)}:
            return kind not in {"text", "tool_use", "tool_result"}
        case _:
            return False


def _parts(
    fields: Mapping[str, Any], messages: Sequence[tuple[str, list[Block]]]
) -> Iterator[dict[str, Any]]:
    """Yield all that the model reads, in its order: tools, system prompt, and the blocks of the messages."""
    for tool in reading.objects(fields, "tools"):
        yield {"type": "tool", "role": "tool", **tool}
    for block in _blocks(fields.get("system") or [], param="system"):
        yield {"role": "system", **block}
    for role, blocks in messages:
        for position, block in enumerate(blocks):
            # Where a message begins is part of what the cache knows, too.
            yield {"role": role, "opens": position == 0, **block}


def _section(part: Mapping[str, Any]) -> Section:
    known = {name: value for name, value in part.items() if name != CACHE_MARK}
    frame = TOKENS_PER_MESSAGE if part.get("opens") else 0
    return Section(content=orjson.dumps(known), tokens=frame + _tokens(part))


def _tokens(part: Block) -> int:
    match part:
        case {"role": "tool"}:
            return count_tokens(orjson.dumps(dict(part)).decode())
        case {"type": "text", "text": str(text)} | {"type": "thinking", "thinking": str(text)}:
            return count_tokens(text)
        case {"type": "tool_use", "name": str(name), "input": arguments}:
            return count_tokens(name) + count_tokens(orjson.dumps(arguments).decode())
        case {"type": "tool_result"}:
            return sum(map(_tokens, _blocks(part.get("content") or [], param="content")))
        case _:
            return TOKENS_PER_MEDIA_PART


def _texts(result: Block) -> list[str]:
    inner = _blocks(result.get("content") or [], param="content")
    return [block["text"] for block in inner if block["type"] == "text"]


def _tools(fields: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the tools that may be called."""
    if reading.inner(fields, "tool_choice").get("type") == "none":
        return frozenset()
    return frozenset(str(tool.get("name")) for tool in reading.objects(fields, "tools"))


def _schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    match reading.inner(fields, "output_config"):
        case {"format": {"type": "json_schema", "schema": dict(schema)}}:
            return schema
        case _:
            return None
