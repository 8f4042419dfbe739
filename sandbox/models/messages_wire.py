"""The form of an answer on the messages surface: one message, or the events that build it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from sandbox.behaviour import Report
from sandbox.models import wire
from sandbox.models.anthropic_shape import AnthropicShape
from sandbox.models.asked import Asked
from sandbox.models.completion import Block, Completion
from sandbox.models.prefix_cache import Input
from sandbox.models.wire import Answer, Frame

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_DELTAS = {
    "reasoning": ("thinking_delta", "thinking"),
    "text": ("text_delta", "text"),
    "tool_call": ("input_json_delta", "partial_json"),
}
_SIGNATURE = "c2FuZGJveA=="
# What the usage at the beginning of a stream says, and the one at its end does not say again.
_SAID_ONCE = ("cache_creation", "service_tier")


class MessagesWire:
    """An answer to a messages call."""

    shape = AnthropicShape()

    def __init__(self, call_id: str, asked: Asked, prompt: Input, completion: Completion) -> None:
        self._id = call_id
        self._asked = asked
        self._prompt = prompt
        self._completion = completion
        self._dumps = wire.dumps(escapes=completion.steering.escapes)

    def usage(self, *, output: int | None = None) -> dict[str, Any]:
        """Count the tokens of the prompt and of the whole answer, or of its first ``output`` tokens."""
        total, cached, written = self._prompt
        generated = self._completion.tokens if output is None else output
        long_lived = written if self._asked.cache_lasts_an_hour else 0
        return {
            "input_tokens": total - cached - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": cached,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written - long_lived,
                "ephemeral_1h_input_tokens": long_lived,
            },
            "output_tokens": generated,
            "output_tokens_details": {"thinking_tokens": min(self._completion.reasoning_tokens, generated)},
            "service_tier": "standard",
        }

    def answer(self, report: Report) -> Answer:
        """Put the answer into its form; a stream tells usage with its first event and near its end."""
        steering = self._completion.steering
        headers = {"request-id": self._id.replace("msg_", "req_")}
        if not self._asked.stream:
            content = [self._content(*numbered) for numbered in enumerate(self._completion.blocks)]
            return wire.plain(
                self._dumps(self._message(content, self._stop_reason, report.last)),
                headers=headers,
                tokens=self._completion.tokens,
                usage=report.last,
                pace_seconds=steering.pace_seconds,
            )
        return wire.streamed(
            self._events(report),
            headers=headers,
            end=self._end(report),
            pace_seconds=steering.pace_seconds,
            write_bytes=steering.write_bytes,
        )

    @property
    def _stop_reason(self) -> str:
        return _STOP_REASONS[self._completion.finish]

    def _message(self, content: list[Any], stop_reason: str | None, usage: Any) -> dict[str, Any]:
        message = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._asked.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
        }
        return message if usage is None else message | {"usage": usage}

    def _content(self, number: int, block: Block) -> dict[str, Any]:
        match block.kind:
            case "reasoning":
                signature = _SIGNATURE if block.pieces else ""
                return {"type": "thinking", "thinking": block.whole, "signature": signature}
            case "text":
                return {"type": "text", "text": block.whole}
            case "tool_call":
                call_id = f"toolu_{self._id[-20:]}{number:04}"
                return {
                    "type": "tool_use",
                    "id": call_id,
                    "name": block.name,
                    "input": _parsed(block.whole),
                }

    def _events(self, report: Report) -> Iterator[Frame]:
        message = self._message([], None, report.first)
        yield Frame(self._event("message_start", message=message), 0, report.first)
        yield Frame(self._event("ping"))
        for index, block in enumerate(self._completion.blocks):
            yield from self._block(index, block)

    def _block(self, index: int, block: Block) -> Iterator[Frame]:
        opening = self._content(index, replace(block, pieces=()))
        yield Frame(self._event("content_block_start", index=index, content_block=opening))
        delta = wire.pattern(partial(self._delta, index, *_DELTAS[block.kind]))
        if block.kind == "tool_call":
            yield Frame(delta(b'""'))  # as the real one does
        for piece in block.pieces:
            yield Frame(delta(self._dumps(piece)), 1)
        if block.kind == "reasoning":
            yield Frame(self._delta(index, "signature_delta", "signature", _SIGNATURE))
        yield Frame(self._event("content_block_stop", index=index))

    def _delta(self, index: int, kind: str, field: str, value: str) -> bytes:
        return self._event("content_block_delta", index=index, delta={"type": kind, field: value})

    def _end(self, report: Report) -> Frame:
        early = self._message_delta(None, report.first) if report.is_double else b""
        last = self._message_delta(self._stop_reason, report.last)
        return Frame(early + last + self._event("message_stop"), 0, report.last)

    def _message_delta(self, stop_reason: str | None, usage: Any) -> bytes:
        delta = {"stop_reason": stop_reason, "stop_sequence": None}
        if usage is None:
            return self._event("message_delta", delta=delta)
        if isinstance(usage, dict):
            usage = {name: count for name, count in usage.items() if name not in _SAID_ONCE}
        return self._event("message_delta", delta=delta, usage=usage)

    def _event(self, kind: str, **content: Any) -> bytes:
        return b"event: " + kind.encode() + b"\ndata: " + self._dumps({"type": kind, **content}) + b"\n\n"


def _parsed(arguments: str) -> Any:
    """Return the arguments as a value; those that were cut off are lost."""
    try:
        return orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return {}
