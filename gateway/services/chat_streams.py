"""A streamed chat completion on its way through: watched, and passed on byte for byte."""

from collections.abc import AsyncIterator
from typing import Any

import orjson

from gateway.errors import AnswerBroken
from gateway.providers.openai_style import Answer
from gateway.services import sse
from gateway.services.sse import FrameSplitter, FrameTooLong
from gateway.services.tallies import Tally

LONGEST_FRAME_BYTES = 8 * 1024 * 1024
_END_MARK = b"[DONE]"


class ChatStream:
    """Passes frames on as they come, but for the usage that the caller did not ask for, and the end mark.

    The end mark waits in `end`, so that its holder can settle the call before the caller has it.
    """

    def __init__(self, answer: Answer, tally: Tally, *, shows_usage: bool) -> None:
        self.end = b""
        self._answer = answer
        self._tally = tally
        self._shows_usage = shows_usage
        self._has_failed = False
        self._splitter = FrameSplitter(limit_bytes=LONGEST_FRAME_BYTES)

    async def visible(self) -> AsyncIterator[bytes]:
        """Yield what the caller may see; raise AnswerBroken when the end mark does not come."""
        async for part in self._answer.parts():
            if shown := b"".join(self._pass(self._frames(part))):
                yield shown
            if self._has_failed:
                raise AnswerBroken
            if self.end:
                break
        else:
            self._end_without_blank_line()
        if not self._tally.has_begun:
            raise AnswerBroken

    def _end_without_blank_line(self) -> None:
        """Accept an end mark that some upstreams leave open; anything else at the end is a torn frame."""
        if sse.data_of(self._splitter.rest()) != _END_MARK:
            raise AnswerBroken
        self.end = self._splitter.rest()

    def _frames(self, part: bytes) -> list[bytes]:
        try:
            return self._splitter.feed(part)
        except FrameTooLong:
            raise AnswerBroken from None

    def _pass(self, frames: list[bytes]) -> list[bytes]:
        """Return those of ``frames`` that may be seen, up to the end mark or an upstream's error."""
        shown = []
        for frame in frames:
            data = sse.data_of(frame)
            if data == _END_MARK:
                self.end = frame
                break
            chunk = _object(data)
            if chunk.get("error"):
                self._has_failed = True
                break
            if chunk:
                self._tally.note(chunk)
            if self._shows_usage or not _is_usage_alone(chunk):
                shown.append(frame)
        return shown


def _is_usage_alone(chunk: dict[str, Any]) -> bool:
    return bool(chunk.get("usage")) and chunk.get("choices") == []


def _object(data: bytes) -> dict[str, Any]:
    """Return the chunk that ``data`` is; what is none passes unread."""
    try:
        chunk = orjson.loads(data) if data else {}
    except orjson.JSONDecodeError:
        return {}
    return chunk if isinstance(chunk, dict) else {}
