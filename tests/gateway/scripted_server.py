"""A server for one event loop that answers request after request with the bytes it was given."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from gateway.providers.pools import Origin

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
# In place of an answer: say nothing more, and leave the connection open.
SILENCE = None


def whole(body: bytes) -> bytes:
    """Return an answer whose length is told."""
    return OK + b"content-length: %d\r\n\r\n" % len(body) + body


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return an answer in chunks."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return OK + b"transfer-encoding: chunked\r\n\r\n" + chunks + end


@dataclass
class ScriptedServer:
    """What was heard, request by request, over which of its connections; and who has hung up."""

    port: int = 0
    is_secure: bool = False
    heard: list[tuple[int, bytes]] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        return Origin(self.is_secure, "localhost" if self.is_secure else "127.0.0.1", self.port)

    @property
    def connections(self) -> list[int]:
        """The connections that the requests came over."""
        return [number for number, _ in self.heard]


@asynccontextmanager
async def serving(
    *connections: Sequence[bytes | None], tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    """Serve: the first connection gets the first answers, and so on; after its last answer each is closed."""
    scripted = ScriptedServer(is_secure=tls is not None)
    scripts = iter(enumerate(connections))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        scripted.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await converse(scripted, scripts, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for writer in scripted.writers:
            writer.close()
        await server.wait_closed()


async def converse(
    scripted: ScriptedServer,
    scripts: Iterator[tuple[int, Sequence[bytes | None]]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Answer what comes over one connection."""
    number, answers = next(scripts)
    for answer in answers:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        scripted.heard.append((number, head + await reader.readexactly(int(length[1]) if length else 0)))
        if answer is SILENCE:
            await reader.read()
            scripted.hung_up.set()
            return
        writer.write(answer)
        await writer.drain()
