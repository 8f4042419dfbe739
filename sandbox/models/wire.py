"""What an answer is made of on its way out, whatever its surface."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import orjson

from sandbox.behaviour import Report
from sandbox.models.refusals import Shape

Dumps = Callable[[Any], bytes]

_STREAM_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
_PLAIN_HEADERS = {"Content-Type": "application/json"}
_GAP = "\0"


class Frame(NamedTuple):
    """Bytes that go out together, how many tokens of the answer are in them, and what usage they report."""

    data: bytes
    tokens: int = 0
    usage: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer in the form of its surface; `end` is what makes it complete."""

    headers: Mapping[str, str]
    frames: Iterable[Frame]
    end: Frame
    streams: bool
    delay_seconds: float = 0  # before the first byte
    pace_seconds: float = 0  # after each frame
    write_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it goes out in one piece."""
        return not self.frames

    def in_halves(self) -> "Answer":
        """Return a plain answer as two frames, so that something can happen between them."""
        body, tokens, usage = self.end
        middle = len(body) // 2
        return replace(self, frames=[Frame(body[:middle], tokens)], end=Frame(body[middle:], 0, usage))


class Wire(Protocol):
    """An answer that has been decided, and knows how its surface puts it."""

    @property
    def shape(self) -> Shape:
        """How its surface states what goes wrong."""
        ...

    def usage(self, *, output: int | None = None) -> dict[str, Any]:
        """Count the tokens of the prompt and of the whole answer, or of its first ``output`` tokens."""
        ...

    def answer(self, report: Report) -> Answer:
        """Put the answer into its form, with ``report`` in place of its true usage."""
        ...


def plain(
    body: bytes, *, headers: Mapping[str, str], tokens: int, usage: Any, pace_seconds: float = 0
) -> Answer:
    """Return an answer in one JSON value, sent in one piece."""
    return Answer(
        headers={**_PLAIN_HEADERS, **headers, "Content-Length": str(len(body))},
        frames=(),
        end=Frame(body, tokens, usage),
        streams=False,
        delay_seconds=pace_seconds * tokens,
    )


def streamed(
    frames: Iterable[Frame],
    *,
    headers: Mapping[str, str],
    end: Frame,
    pace_seconds: float = 0,
    write_bytes: int = 0,
) -> Answer:
    """Return an answer in server-sent events."""
    return Answer(
        headers={**_STREAM_HEADERS, **headers},
        frames=frames,
        end=end,
        streams=True,
        pace_seconds=pace_seconds,
        write_bytes=write_bytes,
    )


def dumps(*, escapes: bool) -> Dumps:
    """Return what writes JSON: in UTF-8, or in ASCII, which can hold half of a character."""
    return _escaped if escapes else orjson.dumps


def pattern(event: Callable[[Any], bytes]) -> Callable[[bytes], bytes]:
    """Return ``event`` for texts that are JSON already: fast, for many events that differ in one text."""
    before, after = event(_GAP).split(orjson.dumps(_GAP))
    return lambda value: before + value + after


def _escaped(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
