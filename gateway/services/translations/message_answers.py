"""A message, told as the answer to a chat completion: in one piece, or chunk by chunk."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import AnswerBroken
from gateway.services.translations import answered, endings, frames, usages
from gateway.services.translations.thoughts import SHOWN_FIELD
from gateway.services.translations.usages import Used


def as_completion(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the completion that ``message`` stands for; raise AnswerBroken when it is no message."""
    told: dict[str, str] = {"text": "", "thinking": ""}
    calls: list[dict[str, Any]] = []
    for block in answered.parts(message, "content"):
        match block.get("type"):
            case "text" | "thinking" as kind:
                told[kind] += answered.text(block, kind)
            case "tool_use":
                calls.append(_call(block))
            case "redacted_thinking":  # readable by nobody but Anthropic
                pass
            case _:
                raise AnswerBroken
    said: dict[str, Any] = {"role": "assistant", "content": told["text"] or (None if calls else "")}
    said |= {"refusal": None} | ({SHOWN_FIELD: told["thinking"]} if told["thinking"] else {})
    finish_reason = endings.finish_reason(_required(message, "stop_reason"))
    choice = {"index": 0, "message": said | ({"tool_calls": calls} if calls else {}), "logprobs": None}
    used = usages.of_message(message.get("usage"))
    return {
        **_head(message, "chat.completion"),
        "choices": [choice | {"finish_reason": finish_reason}],
        **({"usage": usages.as_completion_usage(used)} if used else {}),
    }


@dataclass(slots=True)
class _OpenCall:
    """A call whose block has begun: its position among the calls, and what it holds if nothing is added."""

    position: int
    whole_input: bytes
    has_arguments: bool = False


class ChatChunks:
    """A streamed message as the chunks of a completion, each written as soon as it is known."""

    def __init__(self, *, shows_usage: bool) -> None:
        self._shows_usage = shows_usage
        self._used = Used()
        self._head: dict[str, Any] = {}
        self._calls: dict[object, _OpenCall] = {}
        self._has_finished = False

    def feed(self, event: Mapping[str, Any]) -> bytes:
        """Return the whole chunks that ``event`` adds; raise AnswerBroken when it is none of a message's."""
        kind = event.get("type")
        if kind == "message_start":
            return self._start(answered.part(event, "message"))
        if not self._head and kind != "ping":
            raise AnswerBroken
        match kind:
            case "content_block_start":
                return self._start_block(event.get("index"), answered.part(event, "content_block"))
            case "content_block_delta":
                return self._add(event.get("index"), answered.part(event, "delta"))
            case "content_block_stop":
                return self._end_block(event.get("index"))
            case "message_delta":
                return self._finish(event)
            case _:  # Anthropic adds kinds of events, and asks that unknown ones be passed over
                return b""

    def end(self) -> bytes:
        """Return what completes the stream; raise AnswerBroken when the message did not come to its end."""
        if not self._has_finished:
            raise AnswerBroken
        if not self._shows_usage:
            return frames.END_MARK
        usage = usages.as_completion_usage(self._used)
        return frames.chunk({**self._head, "choices": [], "usage": usage}) + frames.END_MARK

    def _start(self, message: Mapping[str, Any]) -> bytes:
        self._head = _head(message, "chat.completion.chunk")
        self._note_usage(message)
        return self._chunk({"role": "assistant", "content": ""})

    def _start_block(self, index: object, block: Mapping[str, Any]) -> bytes:
        match block.get("type"):
            case "text":
                return self._chunk_of("content", answered.text(block, "text"))
            case "thinking":
                return self._chunk_of(SHOWN_FIELD, answered.text(block, "thinking"))
            case "redacted_thinking":
                return b""
            case "tool_use":
                return self._start_call(index, block)
            case _:
                raise AnswerBroken

    def _start_call(self, index: object, block: Mapping[str, Any]) -> bytes:
        call = _OpenCall(len(self._calls), answered.written(answered.part(block, "input")))
        if not isinstance(index, int) or index in self._calls:
            raise AnswerBroken
        self._calls[index] = call
        function = {"name": _required(block, "name"), "arguments": ""}
        return self._chunk_of_call(call, id=_required(block, "id"), type="function", function=function)

    def _add(self, index: object, delta: Mapping[str, Any]) -> bytes:
        match delta.get("type"):
            case "text_delta":
                return self._chunk_of("content", answered.text(delta, "text"))
            case "thinking_delta":
                return self._chunk_of(SHOWN_FIELD, answered.text(delta, "thinking"))
            case "input_json_delta":
                return self._add_arguments(index, answered.text(delta, "partial_json"))
            case _:  # a signature, or whatever else adorns a block: a chat has no place for it
                return b""

    def _add_arguments(self, index: object, arguments: str) -> bytes:
        if not isinstance(index, int) or index not in self._calls:
            raise AnswerBroken
        if not arguments:
            return b""
        self._calls[index].has_arguments = True
        return self._chunk_of_call(self._calls[index], function={"arguments": arguments})

    def _end_block(self, index: object) -> bytes:
        """Return the arguments of a call that came without pieces: callers expect JSON, if only ``{}``."""
        call = self._calls.get(index) if isinstance(index, int) else None
        if call is None or call.has_arguments:
            return b""
        return self._chunk_of_call(call, function={"arguments": call.whole_input.decode()})

    def _finish(self, event: Mapping[str, Any]) -> bytes:
        self._note_usage(event)
        stop_reason = answered.text(answered.part(event, "delta"), "stop_reason")
        if not stop_reason or self._has_finished:
            return b""
        self._has_finished = True
        return self._chunk({}, finish_reason=endings.finish_reason(stop_reason))

    def _note_usage(self, report: Mapping[str, Any]) -> None:
        self._used = self._used.or_more(usages.of_message(report.get("usage")) or Used())

    def _chunk_of(self, name: str, text: str) -> bytes:
        return self._chunk({name: text}) if text else b""

    def _chunk_of_call(self, call: _OpenCall, **fields: Any) -> bytes:
        return self._chunk({"tool_calls": [{"index": call.position, **fields}]})

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._shows_usage else {}
        return frames.chunk({**self._head, "choices": [choice], **usage})


def _head(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what begins a completion or chunk; messages do not say when they were made."""
    return {
        "id": _required(message, "id"),
        "object": kind,
        "created": int(time.time()),
        "model": answered.text(message, "model"),
    }


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    arguments = answered.written(answered.part(block, "input")).decode()
    function = {"name": _required(block, "name"), "arguments": arguments}
    return {"id": _required(block, "id"), "type": "function", "function": function}


def _required(fields: Mapping[str, Any], name: str) -> str:
    """Return a text that no message of this kind lacks."""
    value = answered.text(fields, name)
    if not value:
        raise AnswerBroken
    return value
