"""The content blocks of a streamed message, made of the pieces in which a streamed chat completion comes.

A chat may send its calls of tools interleaved; a message shows one block after the other. So a block that
begins while a call is not whole waits until it is.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.errors import AnswerBroken
from gateway.services.translations import answered, frames, identities
from gateway.services.translations.thoughts import Thought


@dataclass(slots=True, kw_only=True, eq=False)
class _Block:
    """A block that has begun and not ended. A text goes on until something else comes."""

    kind: str = "text"
    unsent: list[str] = field(default_factory=list)
    is_shown: bool = False

    def start(self) -> dict[str, Any]:
        return {"type": "text", "text": ""}

    def delta(self, text: str) -> dict[str, str]:
        return {"type": "text_delta", "text": text}

    def last_delta(self) -> dict[str, str] | None:
        return None

    def can_be_shown(self) -> bool:
        return True

    def is_whole(self) -> bool:
        return True


@dataclass(slots=True, kw_only=True, eq=False)
class _Thinking(_Block):
    signature: str

    def start(self) -> dict[str, Any]:
        return {"type": "thinking", "thinking": "", "signature": ""}

    def delta(self, text: str) -> dict[str, str]:
        return {"type": "thinking_delta", "thinking": text}

    def last_delta(self) -> dict[str, str] | None:
        return {"type": "signature_delta", "signature": self.signature}


@dataclass(slots=True, kw_only=True, eq=False)
class _Call(_Block):
    position: object
    call_id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def start(self) -> dict[str, Any]:
        return {
            "type": "tool_use",
            "id": self.call_id or identities.new_call(),
            "name": self.name,
            "input": {},
        }

    def delta(self, text: str) -> dict[str, str]:
        return {"type": "input_json_delta", "partial_json": text}

    def can_be_shown(self) -> bool:
        return bool(self.name)

    def is_whole(self) -> bool:
        """Whether nothing can follow: the arguments are a JSON object from its first brace to its last."""
        text = "".join(self.arguments).rstrip()
        if not text.endswith("}"):
            return False
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return False
        return bool(self.name)


class Blocks:
    """Takes pieces in any order; returns events that show one whole block after the other."""

    def __init__(self) -> None:
        self.has_calls = False
        # The first one is being shown, the others wait for it to be whole.
        self._open: deque[_Block] = deque()
        self._ended_calls: list[_Call] = []
        self._index = 0

    def add_text(self, text: str) -> bytes:
        """Add a piece of what the model says."""
        if not self._open or self._open[-1].kind != "text":
            self._open.append(_Block())
        return self._add(self._open[-1], text)

    def add_thought(self, thought: Thought) -> bytes:
        """Add a piece of what the model thinks."""
        if not self._open or self._open[-1].kind != thought.field:
            self._open.append(_Thinking(kind=thought.field, signature=thought.signature()))
        return self._add(self._open[-1], thought.text)

    def add_call(self, piece: Mapping[str, Any]) -> bytes:
        """Add a piece of a call of a tool."""
        self.has_calls = True
        function = answered.part(piece, "function")
        name, arguments = answered.text(function, "name"), answered.text(function, "arguments")
        call = self._call_of(piece, name)
        if call in self._ended_calls:
            if arguments.strip():
                raise AnswerBroken
            return b""
        call.name = call.name or name
        call.arguments.append(arguments)
        return self._add(call, arguments)

    def end(self) -> bytes:
        """Show everything that waits, and end every block."""
        shown = [self._show()]
        while self._open:
            if not self._open[0].is_shown:
                raise AnswerBroken  # a call of nothing
            shown += [self._stop(), self._show()]
        return b"".join(shown)

    def _call_of(self, piece: Mapping[str, Any], name: str) -> _Call:
        """Return the call that ``piece`` belongs to.

        The index tells, but some upstreams count every call as the first or none at all: there an id and a
        name that come together begin a new call.
        """
        position, call_id = piece.get("index"), answered.text(piece, "id")
        calls = [*self._ended_calls, *(block for block in self._open if isinstance(block, _Call))]
        for call in reversed(calls):
            is_another = bool(name and call_id) and call_id != call.call_id
            if call.position == position and not is_another:
                return call
        call = _Call(kind="tool_use", position=position, call_id=call_id)
        self._open.append(call)
        return call

    def _add(self, block: _Block, text: str) -> bytes:
        if text:
            block.unsent.append(text)
        shown = [self._show()]
        while len(self._open) > 1 and self._open[0].is_whole():
            shown += [self._stop(), self._show()]
        return b"".join(shown)

    def _show(self) -> bytes:
        """Return events that show what is new of the first block."""
        if not self._open or not self._open[0].can_be_shown():
            return b""
        block, shown = self._open[0], b""
        if not block.is_shown:
            block.is_shown = True
            shown = frames.event("content_block_start", index=self._index, content_block=block.start())
        if block.unsent:
            shown += self._delta(block.delta("".join(block.unsent)))
            block.unsent.clear()
        return shown

    def _stop(self) -> bytes:
        block = self._open.popleft()
        if isinstance(block, _Call):
            self._ended_calls.append(block)
        last = block.last_delta()
        shown = self._delta(last) if last else b""
        shown += frames.event("content_block_stop", index=self._index)
        self._index += 1
        return shown

    def _delta(self, delta: dict[str, str]) -> bytes:
        return frames.event("content_block_delta", index=self._index, delta=delta)
