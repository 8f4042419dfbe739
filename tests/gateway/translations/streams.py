"""What a stream says in the end, read without the translator."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from gateway.services.translations.chat_answers import MessageEvents
from gateway.services.translations.message_answers import ChatChunks


def piece(delta: Mapping[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    """Return a chunk as an upstream of OpenAI's style sends it."""
    chosen = {"index": 0, "delta": delta or {}, "finish_reason": None, **choice}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "choices": [chosen]}


def call_piece(index: int | None, **call: Any) -> dict[str, Any]:
    """Return a chunk that holds a piece of one call of a tool."""
    name, arguments = call.pop("name", None), call.pop("arguments", None)
    return piece(
        {"tool_calls": [{"index": index, "function": {"name": name, "arguments": arguments}, **call}]}
    )


def events_of(chunks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the events that a completion in ``chunks`` is told in; each has to be whole and well named."""
    translator = MessageEvents()
    written = b"".join([*(translator.feed(chunk) for chunk in chunks), translator.end()])
    events = []
    for frame in written.removesuffix(b"\n\n").split(b"\n\n"):
        name, data = frame.split(b"\n")
        event = orjson.loads(data.removeprefix(b"data: "))
        assert name.decode() == f"event: {event['type']}"
        events.append(event)
    return events


def blocks_of(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the content of a message; each of its blocks has to begin, go on and end before the next."""
    blocks: list[dict[str, Any]] = []
    is_open = False
    for event in events:
        match event["type"]:
            case "content_block_start":
                assert not is_open
                assert event["index"] == len(blocks)
                blocks.append({**event["content_block"], "json": ""})
                is_open = True
            case "content_block_delta":
                assert is_open
                assert event["index"] == len(blocks) - 1
                _add(blocks[-1], event["delta"])
            case "content_block_stop":
                assert is_open
                assert event["index"] == len(blocks) - 1
                is_open = False
            case _:
                pass
    assert not is_open
    return [_closed(block) for block in blocks]


def chunks_of(events: Iterable[Mapping[str, Any]], *, shows_usage: bool = False) -> list[dict[str, Any]]:
    """Return the chunks that a message in ``events`` is told in; the end mark has to be the last frame."""
    translator = ChatChunks(shows_usage=shows_usage)
    written = b"".join([*(translator.feed(event) for event in events), translator.end()])
    *frames, mark = written.removesuffix(b"\n\n").split(b"\n\n")
    assert mark == b"data: [DONE]"
    return [orjson.loads(frame.removeprefix(b"data: ")) for frame in frames]


def answer_of(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the message that a completion in ``chunks`` adds up to."""
    answer: dict[str, Any] = {"content": "", "tool_calls": []}
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            for name in ("content", "reasoning_content"):
                if name in delta:
                    answer[name] = answer.get(name, "") + delta[name]
            for call in delta.get("tool_calls", []):
                if "id" in call:
                    assert call["index"] == len(answer["tool_calls"])
                    answer["tool_calls"].append(
                        {"id": call["id"], "name": call["function"]["name"], "json": ""}
                    )
                answer["tool_calls"][call["index"]]["json"] += call["function"]["arguments"]
            if choice["finish_reason"]:
                answer["finish_reason"] = choice["finish_reason"]
    return answer


def _add(block: dict[str, Any], delta: Mapping[str, str]) -> None:
    fields = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
    if delta["type"] == "input_json_delta":
        block["json"] += delta["partial_json"]
    else:
        name = fields[delta["type"]]
        block[name] += delta[name]


def _closed(block: dict[str, Any]) -> dict[str, Any]:
    text = block.pop("json")
    return {**block, "input": orjson.loads(text)} if text else block
