"""Callers that cost little: each keeps one connection busy, reads what it must, and times every answer."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import orjson
import uvloop

HEAD = (
    b"POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
    b"%sContent-Length: %d\r\n\r\n"
)
CHUNKED = b"\r\ntransfer-encoding: chunked"
LENGTH = b"\r\ncontent-length: "
LAST_CHUNK = b"\r\n0\r\n\r\n"
EVENT, TOKEN = b"data: ", b" token"
PATIENCE_SECONDS = 120

# A short question after instructions of the usual kind.
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant. Answer in one short paragraph. " * 6},
    {"role": "user", "content": "Why is the sky blue in the day, and red in the evening?"},
]


@dataclass(frozen=True)
class Target:
    """Where to call, and the headers of the callers, who share them in turn."""

    name: str
    port: int
    headers: Sequence[Mapping[str, str]] = ({},)
    path: str = "/v1/chat/completions"

    def request(self, caller: int, **fields: object) -> bytes:
        """Return the bytes of a caller's request with ``fields`` beside the messages."""
        body = orjson.dumps({"model": "bench", "messages": MESSAGES, **fields})
        headers = self.headers[caller % len(self.headers)]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return HEAD % (self.path.encode(), self.port, lines.encode(), len(body)) + body


@dataclass
class Taken:
    """The seconds from each call to its first event and to its end, and those of all calls together."""

    to_first: list[float] = field(default_factory=list)
    to_end: list[float] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0


class Caller(asyncio.Protocol):
    """Calls, and calls again when it is answered, for as long as it ``goes_on``."""

    def __init__(self, request: bytes, taken: Taken, goes_on: Callable[[], bool]) -> None:
        self._request = request
        self._taken = taken
        self._goes_on = goes_on
        self._received = bytearray()
        self._began = 0.0
        self._first_at: float | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make the first call."""
        self._transport = cast(asyncio.Transport, transport)
        self._call()

    def data_received(self, data: bytes) -> None:
        """Note when the first event has come, and when all has."""
        self._received += data
        if self._first_at is None and EVENT in self._received:
            self._first_at = time.perf_counter()
        if is_whole(self._received):
            self._note(time.perf_counter())

    def connection_lost(self, error: Exception | None) -> None:
        """Fail when it was not the caller who hung up."""
        self._fail(error or "connection closed")

    def _call(self) -> None:
        self._received = bytearray()
        self._first_at = None
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def _note(self, now: float) -> None:
        if not self._received.startswith(b"HTTP/1.1 200"):
            self._fail(bytes(self._received[:1000]))
            return
        self._taken.to_first.append((self._first_at or now) - self._began)
        self._taken.to_end.append(now - self._began)
        self._taken.tokens += self._received.count(TOKEN)
        if self._goes_on():
            self._call()
        else:
            self.done.set_result(None)
            self._transport.close()

    def _fail(self, why: object) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"no answer: {why!r}"))
            self._transport.close()


def is_whole(received: bytearray) -> bool:
    """Tell whether the answer has come to its end."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    head = received[:head_end].lower() + b"\r\n"
    if CHUNKED in head:
        return received.endswith(LAST_CHUNK)
    begin = head.index(LENGTH) + len(LENGTH)
    return len(received) >= head_end + 4 + int(head[begin : head.index(b"\r", begin)])


def for_seconds(target: Target, connections: int, seconds: float, **fields: object) -> Taken:
    """Call over so many connections, each again as soon as it is answered, for so long."""
    until = time.perf_counter() + seconds
    return run(target, connections, lambda: time.perf_counter() < until, fields)


def in_turn(target: Target, calls: int, **fields: object) -> Taken:
    """Make so many calls one after the other, over one connection."""
    left = itertools.count(calls - 1, -1)
    return run(target, 1, lambda: next(left) > 0, fields)


def at_once(target: Target, connections: int, **fields: object) -> Taken:
    """Make so many calls together, one over each connection."""
    return run(target, connections, lambda: False, fields)


def run(target: Target, connections: int, goes_on: Callable[[], bool], fields: Mapping[str, object]) -> Taken:
    """Let the callers call until none goes on."""
    taken = Taken()
    requests = [target.request(caller, **fields) for caller in range(connections)]
    uvloop.run(call(target.port, requests, goes_on, taken))
    return taken


async def call(port: int, requests: Sequence[bytes], goes_on: Callable[[], bool], taken: Taken) -> None:
    """Open a connection for each of ``requests``, and return when all callers are done."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    async with asyncio.timeout(PATIENCE_SECONDS):
        opening = [
            loop.create_connection(partial(Caller, request, taken, goes_on), "127.0.0.1", port)
            for request in requests
        ]
        callers = [caller for _, caller in await asyncio.gather(*opening)]
        await asyncio.gather(*(caller.done for caller in callers))
    taken.seconds = time.perf_counter() - began
