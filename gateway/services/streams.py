"""A streamed answer on its way through: watched, and shown to the caller frame by frame."""

from collections.abc import AsyncIterator

from gateway.errors import AnswerBroken
from gateway.providers.upstreams import Answer
from gateway.services.events import Event, Mark
from gateway.services.exchanges import Exchange
from gateway.services.sse import FrameSplitter, FrameTooLong

LONGEST_FRAME_BYTES = 8 * 1024 * 1024


class AnswerStream:
    """Shows frames as they come, but for the end, which waits in `end`.

    So its holder can settle the call before the caller has the whole answer.
    """

    def __init__(self, answer: Answer, exchange: Exchange) -> None:
        self.end = b""
        self._answer = answer
        self._exchange = exchange
        self._has_ended = False
        self._has_failed = False
        self._splitter = FrameSplitter(limit_bytes=LONGEST_FRAME_BYTES)

    async def visible(self) -> AsyncIterator[bytes]:
        """Yield what the caller may see; raise AnswerBroken when the end mark does not come."""
        async for part in self._answer.parts():
            if shown := b"".join(self._pass(self._frames(part))):
                yield shown
            if self._has_failed:
                raise AnswerBroken
            if self._has_ended:
                break
        else:
            self._end_without_blank_line()
        if not self._exchange.tally.has_begun:
            raise AnswerBroken

    def _end_without_blank_line(self) -> None:
        """Accept an end mark that some upstreams leave open; anything else at the end is a torn frame."""
        last = self._exchange.read_event(self._splitter.rest())
        if last.mark is not Mark.END:
            raise AnswerBroken
        self._end_with(last)

    def _end_with(self, last: Event) -> None:
        self._has_ended = True
        self.end = self._exchange.view.end(last)

    def _frames(self, part: bytes) -> list[bytes]:
        try:
            return self._splitter.feed(part)
        except FrameTooLong:
            raise AnswerBroken from None

    def _pass(self, frames: list[bytes]) -> list[bytes]:
        """Return what may be seen of ``frames``, up to the end mark or an upstream's error."""
        shown = []
        for event in map(self._exchange.read_event, frames):
            match event.mark:
                case Mark.END:
                    self._end_with(event)
                    break
                case Mark.ERROR:
                    self._has_failed = True
                    break
                case Mark.PIECE:
                    self._exchange.tally.note(event.content)
                case Mark.NOISE:
                    pass
            shown.append(self._exchange.view.shown(event))
        return shown
