"""Asking over connections of a pool, on any event loop."""

from collections.abc import Callable, Coroutine
from typing import Any

from gateway.providers.connections import Connection
from gateway.providers.pools import Pool
from tests.gateway.scripted_server import ScriptedServer

REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n", b"{}"

# Runs a test's story.
Run = Callable[[Coroutine[Any, Any, None]], None]


async def asked(pool: Pool, server: ScriptedServer) -> Connection:
    """Send a request over a kept connection, or else a fresh one, and return it when the answer has begun."""
    connection = pool.kept(server.origin) or await pool.fresh(server.origin)
    connection.send(*REQUEST, silence_seconds=None)
    await connection.begun()
    return connection


async def body_of(connection: Connection) -> bytes:
    """Read the answer to its end."""
    parts = []
    while part := await connection.part():
        parts.append(part)
    return b"".join(parts)


async def read(pool: Pool, server: ScriptedServer) -> bytes:
    """Ask, read the whole answer, and give the connection back."""
    connection = await asked(pool, server)
    body = await body_of(connection)
    pool.end(connection, server.origin)
    return body
