"""Connections to upstreams: opened when they are needed, and kept for a few seconds for the next call."""

import asyncio
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import aiohappyeyeballs

from gateway.providers import networks
from gateway.providers.connections import Connection
from gateway.providers.networks import Address

_CONNECT_SECONDS = 5
# Servers close idle connections after 5 s and more; a call on one that is just being closed could be lost.
_KEEP_SECONDS = 4
_SWEEP_SECONDS = 1
# Where a host has several addresses, the next is tried beside the first after this long.
_NEXT_ADDRESS_SECONDS = 0.25


class Origin(NamedTuple):
    """Whom a connection leads to."""

    is_secure: bool
    host: str
    port: int


class Pool:
    """The connections of one event loop."""

    def __init__(self, *, allows_private: bool) -> None:
        self._allows_private = allows_private
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        self._open: set[Connection] = set()
        # The one that was used last stands last, and is used next.
        self._kept: defaultdict[Origin, deque[Connection]] = defaultdict(deque)
        self._sweep: asyncio.TimerHandle | None = None
        self._lookups: dict[Origin, asyncio.Task[Sequence[Address]]] = {}

    def kept(self, origin: Origin) -> Connection | None:
        """Return a connection that is open, unless its other end has closed it and we do not know yet."""
        kept = self._kept[origin]
        oldest = asyncio.get_running_loop().time() - _KEEP_SECONDS
        while kept:
            connection = kept.pop()
            if connection.is_usable and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    async def fresh(self, origin: Origin) -> Connection:
        """Return a new connection; OSError or TimeoutError when there is none to be had."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            found = await self._addresses(origin)
            reached = await aiohappyeyeballs.start_connection(
                found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS
            )
            try:
                reached.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                _, connection = await loop.create_connection(
                    partial(Connection, self._open.discard),
                    sock=reached,
                    ssl=self._tls if origin.is_secure else None,
                    server_hostname=origin.host.rstrip(".") if origin.is_secure else None,
                )
            except BaseException:
                reached.close()
                raise
        self._open.add(connection)
        return connection

    def end(self, connection: Connection, origin: Origin) -> None:
        """Take back a connection whose answer was read, or is not wanted any more."""
        if connection.end():
            self._kept[origin].append(connection)
            if self._sweep is None:
                self._sweep = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._close_old)

    async def close(self) -> None:
        """Close all connections."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in list(self._open):
            connection.close()
        await asyncio.sleep(0)  # then the event loop has let go of them

    async def _addresses(self, origin: Origin) -> Sequence[Address]:
        """Look up where ``origin`` is, once for all who ask at the same time."""
        lookup = self._lookups.get(origin)
        if lookup is None:
            finding = networks.find(origin.host, origin.port, allows_private=self._allows_private)
            lookup = self._lookups[origin] = asyncio.create_task(finding)
            lookup.add_done_callback(partial(self._forget_lookup, origin))
        return await asyncio.shield(lookup)

    def _forget_lookup(self, origin: Origin, lookup: asyncio.Task[Sequence[Address]]) -> None:
        del self._lookups[origin]
        if not lookup.cancelled():
            lookup.exception()  # whoever still waits hears it

    def _close_old(self) -> None:
        """Close what nobody has needed for long, and look again as long as something is kept."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _KEEP_SECONDS
        for origin, kept in list(self._kept.items()):
            while kept and kept[0].idle_since <= oldest:
                kept.popleft().close()
            if not kept:
                del self._kept[origin]
        self._sweep = loop.call_later(_SWEEP_SECONDS, self._close_old) if self._kept else None
