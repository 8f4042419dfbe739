"""An answer to a chat completion, told as a message: in one piece, or event by event."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import AnswerBroken
from gateway.services.translations import answered, endings, frames, identities, thoughts, usages
from gateway.services.translations.blocks import Blocks
from gateway.services.translations.usages import Used

_TEXT_FIELDS = ("content", "refusal")


def as_message(completion: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message that ``completion`` stands for; raise AnswerBroken when it is no completion."""
    choices = answered.parts(completion, "choices")
    if not choices:
        raise AnswerBroken
    said, finish_reason = answered.part(choices[0], "message"), answered.text(choices[0], "finish_reason")
    calls = [_tool_use(call, finish_reason) for call in answered.parts(said, "tool_calls")]
    uses = [use for use in calls if use]
    thought = thoughts.told_in(said)
    stop_reason = endings.stop_reason(
        finish_reason, calls_tools=bool(uses), is_refusal=bool(answered.text(said, "refusal"))
    )
    message = _message(
        completion,
        content=[*([_thinking(thought)] if thought else []), *_texts(said), *uses],
        stop_reason=stop_reason,
        used=usages.of_completion(completion.get("usage")) or Used(),
    )
    return answered.writable(message)  # arguments were a text, and could be of any depth


class MessageEvents:
    """A streamed completion as the events of a message, each written as soon as it is known.

    The upstream counts at the end only, so a message begins with counts of zero, and its last event has them.
    """

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._used = Used()
        self._has_begun = False
        self._finish_reason = ""
        self._is_refusal = False

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """Return the whole events that ``chunk`` adds; raise AnswerBroken when it is no chunk."""
        self._used = self._used.or_more(usages.of_completion(chunk.get("usage")) or Used())
        choices = answered.parts(chunk, "choices")
        if not choices:  # the usage, or an upstream's note on the request
            return b""
        events = b"" if self._has_begun else self._start(chunk)
        self._finish_reason = answered.text(choices[0], "finish_reason") or self._finish_reason
        return events + self._add(answered.part(choices[0], "delta"))

    def end(self) -> bytes:
        """Return the events that complete the message; raise AnswerBroken when it never began."""
        if not self._has_begun:
            raise AnswerBroken
        blocks = self._blocks.end()
        stop_reason = endings.stop_reason(
            self._finish_reason, calls_tools=self._blocks.has_calls, is_refusal=self._is_refusal
        )
        delta = {"stop_reason": stop_reason, "stop_sequence": None}
        usage = usages.as_message_usage(self._used)
        return blocks + frames.event("message_delta", delta=delta, usage=usage) + frames.event("message_stop")

    def _start(self, chunk: Mapping[str, Any]) -> bytes:
        self._has_begun = True
        return frames.event(
            "message_start", message=_message(chunk, content=[], stop_reason=None, used=Used())
        )

    def _add(self, delta: Mapping[str, Any]) -> bytes:
        events = b""
        if thought := thoughts.told_in(delta):
            events += self._blocks.add_thought(thought)
        for name in _TEXT_FIELDS:
            if text := answered.text(delta, name):
                events += self._blocks.add_text(text)
        self._is_refusal = self._is_refusal or bool(delta.get("refusal"))
        for piece in answered.parts(delta, "tool_calls"):
            events += self._blocks.add_call(piece)
        return events


def _message(
    answer: Mapping[str, Any], *, content: list[dict[str, Any]], stop_reason: str | None, used: Used
) -> dict[str, Any]:
    return {
        "id": identities.message(answered.text(answer, "id")),
        "type": "message",
        "role": "assistant",
        "model": answered.text(answer, "model"),
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usages.as_message_usage(used),
    }


def _thinking(thought: thoughts.Thought) -> dict[str, Any]:
    return {"type": "thinking", "thinking": thought.text, "signature": thought.signature()}


def _texts(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = [answered.text(said, name) for name in _TEXT_FIELDS]
    return [{"type": "text", "text": text} for text in texts if text]


def _tool_use(call: Mapping[str, Any], finish_reason: str) -> dict[str, Any] | None:
    """Return a call as a tool's use, or None when the output limit tore it: nobody may act on a part."""
    function = answered.part(call, "function")
    name, call_id = answered.text(function, "name"), answered.text(call, "id") or identities.new_call()
    arguments = _object(answered.text(function, "arguments") or "{}")
    if name and arguments is not None:
        return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
    if finish_reason == "length":
        return None
    raise AnswerBroken


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, Mapping) else None
