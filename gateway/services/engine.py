"""What all calls of one process share: the catalogue, the way to the ledger, and the upstreams."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from django.conf import settings
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from gateway.providers.upstreams import Upstreams
from gateway.services import tokenizer
from gateway.services.catalogue import Catalogue
from gateway.services.channel_health import ChannelHealth
from gateway.services.open_calls import OpenCalls
from gateway.services.settlements import Settlements
from ledger.services import hold_batches
from ledger.services.hold_batches import HoldBatcher

# Six for the ledger's batches, which carry thousands of calls at a time, and some for lists of models.
_CONNECTIONS = 8
# A caller waits this long for a database that says nothing, then is told so.
PATIENCE_SECONDS = 5.0
# One that is plainly away is given up a little sooner, while everybody still knows what became of the call.
_LEDGER_PATIENCE_SECONDS = 4.0
# A server whose network is gone closes no connection: a query on one would wait for many minutes.
_NOTICE_A_LOST_NETWORK = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


@dataclass(frozen=True)
class Engine:
    """The collaborators of every call."""

    pool: AsyncConnectionPool
    holds: HoldBatcher
    settlements: Settlements
    upstreams: Upstreams
    channels: ChannelHealth
    catalogue: Catalogue
    open_calls: OpenCalls

    async def stop(self) -> None:
        """Let the calls that run end, break off those that do not, and charge them all."""
        await self.open_calls.stop(seconds=settings.GATEWAY_STOP_SECONDS)
        await self.settlements.flush(seconds=settings.GATEWAY_STOP_SECONDS)


@asynccontextmanager
async def running() -> AsyncIterator[Engine]:
    """Run an engine, also while the database is away. On leaving, its calls have ended and are charged."""
    async with _pool() as pool, _upstreams() as upstreams:
        holds = HoldBatcher(pool, patience_seconds=_LEDGER_PATIENCE_SECONDS)
        engine = Engine(pool, holds, Settlements(holds), upstreams, ChannelHealth(), Catalogue(), OpenCalls())
        await asyncio.to_thread(tokenizer.load)
        refreshing = asyncio.create_task(engine.catalogue.keep_fresh())
        await engine.catalogue.wait_until_read(seconds=PATIENCE_SECONDS)
        try:
            with _settled_memory():
                yield engine
        finally:
            await engine.stop()
            refreshing.cancel()


@contextmanager
def _settled_memory() -> Iterator[None]:
    """Let the search for garbage pass over what is here to stay: all code, Django's models, the tokenizer.

    To look through all that again and again took up to a quarter of the gateway's processor.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@asynccontextmanager
async def _pool() -> AsyncIterator[AsyncConnectionPool]:
    url = make_conninfo(settings.DATABASE_URL, **_NOTICE_A_LOST_NETWORK)
    pool = hold_batches.connection_pool(url, max_size=_CONNECTIONS)
    await pool.open()
    yield pool
    await pool.close()


@asynccontextmanager
async def _upstreams() -> AsyncIterator[Upstreams]:
    upstreams = Upstreams(
        silence_seconds=settings.GATEWAY_SILENCE_SECONDS,
        allows_private=settings.GATEWAY_PRIVATE_UPSTREAMS == "allowed",
    )
    yield upstreams
    await upstreams.close()
