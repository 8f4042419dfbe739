"""A way to the tests' database that one program goes, and that can be cut, frozen and mended."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

PIECE_BYTES = 64 * 1024


class BreakableDatabase:
    """Forwards a TCP port to PostgreSQL's socket.

    Cut, it drops every connection and every new one, like a server that crashed. Frozen, it passes nothing
    on and closes nothing, like a network that swallows packets. Silenced, it swallows answers alone.
    """

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def cut(self) -> None:
        self._do(self._cut())

    def freeze(self) -> None:
        self._loop.call_soon_threadsafe(self._asking.clear)
        self.silence()

    def silence(self) -> None:
        self._loop.call_soon_threadsafe(self._answering.clear)

    def mend(self) -> None:
        self._is_cut = False
        self._loop.call_soon_threadsafe(self._flow)

    def _flow(self) -> None:
        self._asking.set()
        self._answering.set()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._asking, self._answering = asyncio.Event(), asyncio.Event()
        self._flow()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._started.set()
        async with server:
            await self._over.wait()

    async def _cut(self) -> None:
        self._is_cut = True
        self._flow()
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(self._socket_path)
        self._writers |= {writer, there_writer}
        await asyncio.gather(
            self._forward(reader, there_writer, self._asking),
            self._forward(there_reader, writer, self._answering),
        )
        self._writers -= {writer, there_writer}

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        try:
            while piece := await reader.read(PIECE_BYTES):
                await flowing.wait()
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
