"""The gateway as an ASGI application: its start and end, and the one place where every call is answered."""

import asyncio
import logging

from gateway.api import routes, stop_signals
from gateway.api.http import Call, Receive, Scope, Send
from gateway.errors import CallerGone, CallRefused, NotReady
from gateway.services import engine
from gateway.services.engine import Engine

access_log = logging.getLogger("gateway.access")


class Gateway:
    """Serves calls between the server's startup and its shutdown."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take part in the server's life, or answer one call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(Call(scope, receive, send))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with engine.running() as self._engine:
            stop_signals.on_stop(self._begin_to_stop)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _begin_to_stop(self) -> None:
        if self._engine is not None:
            self._stopping = asyncio.create_task(self._engine.stop())

    async def _serve(self, call: Call) -> None:
        try:
            if self._engine is None:
                raise NotReady
            await routes.dispatch(call, self._engine)
        except CallRefused as refusal:
            await call.refuse(refusal)
        except CallerGone:
            call.abandon()
        finally:
            await call.close()
            access_log.info(call.record.line())


application = Gateway()
