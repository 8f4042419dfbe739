"""One HTTP client at work as the gateway would use it: it posts bodies, and takes the answers as they come.

    python bench/gateway/client_trials.py <client> <url> <seconds>

Run as a script, by a Python that has all of them installed; `http_clients.py` sees to it, and reads the JSON
that this prints.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import aiosonic
import curl_cffi
import httptools
import httpx2
import niquests
import pyqwest
import pyreqwest.client
import uvloop

CALLERS, STREAMS = 32, 200
TOKEN = b" token"
MESSAGES = [{"role": "user", "content": "Why is the sky blue in the day? " * 12}]
HEADERS = {
    "authorization": "Bearer sk-upstream",
    "content-type": "application/json",
    "accept-encoding": "identity",
    "x-request-id": "0b8f8f8e-6b1e-4c7e-9d61-2f0c8f3a9a11",
}

# Posts a body and yields the answer's parts.
Ask = Callable[[bytes], AsyncIterator[bytes]]


@asynccontextmanager
async def of_aiohttp(url: str) -> AsyncIterator[Ask]:
    """Ask with aiohttp."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            async with session.post(url, data=body, headers=HEADERS, allow_redirects=False) as response:
                while part := await response.content.readany():
                    yield part

        yield ask


@asynccontextmanager
async def of_httpx2(url: str) -> AsyncIterator[Ask]:
    """Ask with httpx2."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            async with client.stream("POST", url, content=body, headers=HEADERS) as response:
                async for part in response.aiter_raw():
                    yield part

        yield ask


@asynccontextmanager
async def of_niquests(url: str) -> AsyncIterator[Ask]:
    """Ask with niquests."""
    async with niquests.AsyncSession(pool_connections=1, pool_maxsize=STREAMS) as session:
        session.trust_env = False

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            response = await session.post(url, data=body, headers=HEADERS, stream=True)
            async for part in await response.iter_raw(-1):
                yield part
            await response.close()

        yield ask


@asynccontextmanager
async def of_aiosonic(url: str) -> AsyncIterator[Ask]:
    """Ask with aiosonic."""
    connector = aiosonic.TCPConnector(pool_configs={":default": aiosonic.pools.PoolConfig(size=STREAMS)})
    async with aiosonic.HTTPClient(connector) as client:

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            response = await client.post(url, data=body, headers=HEADERS)
            if response.chunked:
                async for part in response.read_chunks():
                    yield part
            else:
                yield await response.content()

        yield ask


@asynccontextmanager
async def of_curl_cffi(url: str) -> AsyncIterator[Ask]:
    """Ask with curl_cffi."""
    async with curl_cffi.AsyncSession(max_clients=STREAMS, trust_env=False) as session:

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            response = await session.post(url, data=body, headers=HEADERS, stream=True)
            async for part in response.aiter_content():
                yield part
            await response.aclose()

        yield ask


@asynccontextmanager
async def of_pyreqwest(url: str) -> AsyncIterator[Ask]:
    """Ask with pyreqwest."""
    async with pyreqwest.client.ClientBuilder().http1_only().build() as client:

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            request = client.post(url).headers(HEADERS).body_bytes(body).build_streamed()
            async with request as response:
                while part := await response.body_reader.read_chunk():
                    yield bytes(part)

        yield ask


@asynccontextmanager
async def of_pyqwest(url: str) -> AsyncIterator[Ask]:
    """Ask with pyqwest."""
    async with pyqwest.HTTPTransport(http_version=pyqwest.HTTPVersion.HTTP1) as transport:
        client = pyqwest.Client(transport)

        async def ask(body: bytes) -> AsyncIterator[bytes]:
            async with client.stream("POST", url, headers=HEADERS, content=body) as response:
                async for part in response.content:
                    yield bytes(part)

        yield ask


@asynccontextmanager
async def of_httptools(url: str) -> AsyncIterator[Ask]:
    """Ask with a bare parser, a list of idle connections, and nothing else: what a client costs at least."""
    parsed = urlsplit(url)
    address = parsed.hostname or "", parsed.port or 80
    idle: list[BareConnection] = []
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    head = f"POST {parsed.path} HTTP/1.1\r\nhost: {parsed.netloc}\r\n{lines}content-length: "

    async def ask(body: bytes) -> AsyncIterator[bytes]:
        if not idle:
            opening = asyncio.get_running_loop().create_connection(BareConnection, *address)
            _, connection = await opening
        else:
            connection = idle.pop()
        connection.send(f"{head}{len(body)}\r\n\r\n".encode() + body)
        while part := await connection.part():
            yield part
        idle.append(connection)

    yield ask


class BareConnection(asyncio.Protocol):
    """One connection, whose answers are read as they come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where requests go."""
        self._transport = transport

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._has_ended = False
        self._waiter: asyncio.Future[None] | None = None
        self._transport.write(request)  # type: ignore[attr-defined]

    async def part(self) -> bytes:
        """Return what has come of the body, and nothing when that was all."""
        if not self._parts and not self._has_ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        part, self._parts = b"".join(self._parts), []
        return part

    def data_received(self, data: bytes) -> None:
        """Parse what came, and wake who waits for it."""
        self._parser.feed_data(data)
        if self._waiter is not None and (self._parts or self._has_ended):
            self._waiter.set_result(None)
            self._waiter = None

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Note that all has come."""
        self._has_ended = True


CLIENTS: dict[str, Callable[[str], AbstractAsyncContextManager[Ask]]] = {
    "aiohttp": of_aiohttp,
    "httpx2": of_httpx2,
    "niquests": of_niquests,
    "aiosonic": of_aiosonic,
    "curl_cffi": of_curl_cffi,
    "pyreqwest": of_pyreqwest,
    "pyqwest": of_pyqwest,
    "httptools": of_httptools,
}


async def trial(client: str, url: str, seconds: float) -> dict[str, float]:
    """Return what the client takes for whole answers, and for streams."""
    async with CLIENTS[client](url) as ask:
        await answers(ask, seconds / 4)
        return {**await answers(ask, seconds), **await streams(ask)}


async def answers(ask: Ask, seconds: float) -> dict[str, float]:
    """Ask for whole answers, many callers at a time, for so long."""
    body = json.dumps({"model": "bench", "messages": MESSAGES, "max_tokens": 32}).encode()
    began, cpu, count = time.perf_counter(), time.process_time(), 0

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < began + seconds:
            answer = b"".join([part async for part in ask(body)])
            assert answer.count(TOKEN) == 32, answer
            count += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    taken, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"calls_per_second": count / taken, "cpu_us_per_call": 1e6 * cpu / count}


async def streams(ask: Ask) -> dict[str, float]:
    """Take many streams at a time."""
    body = json.dumps({"model": "bench", "messages": MESSAGES, "max_tokens": 100, "stream": True}).encode()
    began, cpu = time.perf_counter(), time.process_time()

    async def reader() -> int:
        return b"".join([part async for part in ask(body)]).count(TOKEN)

    tokens = sum(await asyncio.gather(*(reader() for _ in range(STREAMS))))
    assert tokens == 100 * STREAMS, tokens
    taken, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"tokens_per_second": tokens / taken, "cpu_us_per_token": 1e6 * cpu / tokens}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(trial(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
