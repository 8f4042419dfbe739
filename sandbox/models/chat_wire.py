"""The form of an answer on the chat surface: one JSON object, or a stream of chunks."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

from sandbox.behaviour import Report
from sandbox.models import wire
from sandbox.models.asked import Asked
from sandbox.models.completion import Block, Completion
from sandbox.models.openai_shape import OpenAIShape
from sandbox.models.prefix_cache import Input
from sandbox.models.wire import Answer, Frame

_DONE = b"data: [DONE]\n\n"
_DELTA_FIELDS = {"reasoning": "reasoning_content", "text": "content"}


class ChatWire:
    """An answer to a chat call."""

    shape = OpenAIShape()

    def __init__(self, call_id: str, asked: Asked, prompt: Input, completion: Completion) -> None:
        self._id = call_id
        self._asked = asked
        self._prompt = prompt
        self._completion = completion
        self._dumps = wire.dumps(escapes=completion.steering.escapes)

    def usage(self, *, output: int | None = None) -> dict[str, Any]:
        """Count the tokens of the prompt and of the whole answer, or of its first ``output`` tokens."""
        completion = self._completion.tokens if output is None else output
        return {
            "prompt_tokens": self._prompt.total,
            "completion_tokens": completion,
            "total_tokens": self._prompt.total + completion,
            "prompt_tokens_details": {"cached_tokens": self._prompt.cached},
            "completion_tokens_details": {
                "reasoning_tokens": min(self._completion.reasoning_tokens, completion)
            },
        }

    def answer(self, report: Report) -> Answer:
        """Put the answer into its form; a stream tells its usage to those who asked for it."""
        steering, headers = self._completion.steering, {"x-request-id": self._id}
        if not self._asked.stream:
            return wire.plain(
                self._whole(report.last),
                headers=headers,
                tokens=self._completion.tokens,
                usage=report.last,
                pace_seconds=steering.pace_seconds,
            )
        head = self._head("chat.completion.chunk")
        if self._asked.include_usage:
            head["usage"] = None
        return wire.streamed(
            self._chunks(head),
            headers=headers,
            end=self._end(head, report),
            pace_seconds=steering.pace_seconds,
            write_bytes=steering.write_bytes,
        )

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": int(time.time()), "model": self._asked.model}

    def _whole(self, usage: Any) -> bytes:
        answer = self._head("chat.completion")
        message, finish = self._message(), self._completion.finish
        answer["choices"] = [
            {"index": index, "message": message, "logprobs": None, "finish_reason": finish}
            for index in range(self._completion.choices)
        ]
        if usage is not None:
            answer["usage"] = usage
        return self._dumps(answer)

    def _message(self) -> dict[str, Any]:
        calls = self._completion.of_kind("tool_call")
        said = "".join(block.whole for block in self._completion.of_kind("text"))
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if calls else said,
            "refusal": None,
        }
        if reasoning := self._completion.of_kind("reasoning"):
            message["reasoning_content"] = "".join(block.whole for block in reasoning)
        if calls:
            message["tool_calls"] = [
                self._opening(block, number) | {"function": {"name": block.name, "arguments": block.whole}}
                for number, block in enumerate(calls)
            ]
        return message

    def _chunks(self, head: dict[str, Any]) -> Iterator[Frame]:
        """Yield the role of each choice, its tokens one by one, and its finish reason."""
        choices = range(self._completion.choices)
        for choice in choices:
            yield Frame(self._chunk(head, choice, {"role": "assistant", "content": ""}))
        tool_calls = count()
        for block in self._completion.blocks:
            number = next(tool_calls) if block.kind == "tool_call" else 0
            yield from self._deltas(head, block, number=number)
        for choice in choices:
            yield Frame(self._chunk(head, choice, {}, finish=self._completion.finish))

    def _deltas(self, head: dict[str, Any], block: Block, *, number: int) -> Iterator[Frame]:
        choices = range(self._completion.choices)
        if block.kind == "tool_call":
            opening = {"index": number} | self._opening(block, number)
            for choice in choices:
                yield Frame(self._chunk(head, choice, {"tool_calls": [opening]}))
        deltas = [wire.pattern(partial(self._delta, head, choice, block.kind, number)) for choice in choices]
        for piece in block.pieces:
            value = self._dumps(piece)
            for delta in deltas:
                yield Frame(delta(value), 1)

    def _delta(self, head: dict[str, Any], choice: int, kind: str, number: int, piece: str) -> bytes:
        if kind == "tool_call":
            calls = [{"index": number, "function": {"arguments": piece}}]
            return self._chunk(head, choice, {"tool_calls": calls})
        return self._chunk(head, choice, {_DELTA_FIELDS[kind]: piece})

    def _opening(self, block: Block, number: int) -> dict[str, Any]:
        call_id = f"call_{self._id[-20:]}{number:04}"
        return {"id": call_id, "type": "function", "function": {"name": block.name, "arguments": ""}}

    def _end(self, head: dict[str, Any], report: Report) -> Frame:
        """Return what follows the finish: the usage, unless nobody is to know it, and the end mark."""
        if not self._asked.include_usage or report.last is None:
            return Frame(_DONE)
        told = [report.first, report.last] if report.is_double else [report.last]
        events = [self._event(head | {"choices": [], "usage": usage}) for usage in told]
        return Frame(b"".join([*events, _DONE]), 0, report.last)

    def _chunk(
        self, head: dict[str, Any], choice: int, delta: dict[str, Any], *, finish: str | None = None
    ) -> bytes:
        choices = [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish}]
        return self._event(head | {"choices": choices})

    def _event(self, content: dict[str, Any]) -> bytes:
        return b"data: " + self._dumps(content) + b"\n\n"
