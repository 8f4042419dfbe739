"""One HTTP/1.1 connection to an upstream: a request goes out, and its answer is read as it comes.

The parser is `httptools`, which is llhttp, the one of Node. An upstream that sends faster than its answer is
taken is not read from until it is.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

# With more than this between two pieces of an answer, somebody sends a head that has no end.
_LONGEST_HEAD_BYTES = 64 * 1024
_MOST_UNREAD_BYTES = 64 * 1024


class ConnectionBroken(Exception):
    """The connection ended before the answer did, or what came over it is no answer."""


class Connection(asyncio.Protocol):
    """Carries one exchange after another; whoever has sent a request reads its answer, and then calls `end`.

    Reading raises ConnectionBroken, or TimeoutError when the upstream says nothing for too long.
    """

    # Of the answer that is read, or was read last.
    status: int
    headers: dict[bytes, bytes]
    has_answered: bool
    _has_head: bool
    _head_bytes: int
    _parts: list[bytes]
    _unread_bytes: int
    _is_paused: bool
    _is_whole: bool
    _is_kept_alive: bool
    _ends_with_connection: bool
    _fault: Exception | None

    def __init__(self, on_lost: Callable[["Connection"], None]) -> None:
        self.idle_since = 0.0
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._is_lost = False
        self._waiter: asyncio.Future[None] | None = None
        self._waiting_since = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._expect()
        self._is_whole = True  # nothing was asked yet

    def send(self, head: bytes, body: bytes, *, silence_seconds: float | None) -> None:
        """Send a request; its answer may leave the reader waiting for so long at a time."""
        self._expect()
        self._transport.writelines((head, body))
        if silence_seconds is not None:
            self._alarm = self._loop.call_later(silence_seconds, self._look_for_silence, silence_seconds)

    async def begun(self) -> None:
        """Return when ``status`` and ``headers`` have come."""
        while not self._has_head:
            await self._more()

    async def part(self) -> bytes:
        """Return what has come of the body since it was last asked for; nothing when it is at its end."""
        while not self._parts:
            if self._is_whole:
                return b""
            await self._more()
        part = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._unread_bytes = 0
        self._go_on_reading()
        return part

    def end(self) -> bool:
        """Take leave of the answer; tell whether the connection can carry another exchange.

        If not, because something is still to come or to be sent, it is closed.
        """
        self._be_quiet()
        is_fit = self._is_whole and self.is_usable and not self._is_paused
        if not is_fit or self._transport.get_write_buffer_size():
            self.close()
            return False
        self.idle_since = self._loop.time()
        return True

    @property
    def is_usable(self) -> bool:
        """Tell whether a request can be sent, as far as is known here."""
        return self._is_kept_alive and not self._is_lost

    def close(self) -> None:
        """Close the connection at once, whatever is still on its way."""
        self._is_kept_alive = False
        self._be_quiet()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where requests go."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take in what has come; what nobody asked for closes the connection."""
        if self._is_whole or self._parser is None:
            self.close()
            return
        self.has_answered = True
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
            self._break_off(type(fault).__name__)
        if self._head_bytes > _LONGEST_HEAD_BYTES:
            self._break_off("endless head")
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """End an answer that ends like this; break off any other."""
        self._is_lost = True
        self._parser = None  # it refers to us
        if self._ends_with_connection and error is None:
            self._is_whole = True
        self._break_off(type(error).__name__ if error else "closed")
        self._be_quiet()
        self._wake()
        self._on_lost(self)

    def on_message_begin(self) -> None:
        """Use the connection no more when a second answer comes to one request."""
        if self._is_whole:
            self._is_kept_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header; what comes after the body is none."""
        if not self._has_head:
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Note that the head has come, unless it only announces another."""
        assert self._parser is not None  # noqa: S101 - it is the one that calls
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
        elif not self._has_head:
            self.status, self._has_head = status, True
            self._is_kept_alive = self._parser.should_keep_alive()
            self._ends_with_connection = (
                b"content-length" not in self.headers and b"transfer-encoding" not in self.headers
            )
            self._head_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body, and read no more when much of it is left unread."""
        if self._is_whole:
            return
        self._parts.append(body)
        self._head_bytes = 0
        self._unread_bytes += len(body)
        if self._unread_bytes > _MOST_UNREAD_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note that the answer is whole."""
        self._is_whole = self._has_head

    def _expect(self) -> None:
        """Forget the last exchange."""
        self.status = 0
        self.headers = {}
        self.has_answered = False
        self._has_head = False
        self._head_bytes = 0
        self._parts = []
        self._unread_bytes = 0
        self._is_paused = False
        self._is_whole = False
        self._is_kept_alive = True
        self._ends_with_connection = False
        self._fault = None

    async def _more(self) -> None:
        """Return when something has come; raise why nothing more will."""
        if self._fault is not None:
            raise self._fault
        self._waiting_since = self._loop.time()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break_off(self, why: str) -> None:
        if not self._is_whole and self._fault is None:
            self._fault = ConnectionBroken(why)
        self._is_kept_alive = False

    def _look_for_silence(self, seconds: float) -> None:
        """Look whether it was silence. To set an alarm for each piece would cost more than to look again."""
        waited = 0.0 if self._waiter is None else self._loop.time() - self._waiting_since
        if waited < seconds:
            self._alarm = self._loop.call_later(seconds - waited, self._look_for_silence, seconds)
        else:
            self._fault = TimeoutError()
            self._wake()

    def _be_quiet(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _go_on_reading(self) -> None:
        if self._is_paused and not self._is_lost:
            self._is_paused = False
            self._transport.resume_reading()
