"""How holds end: at once when the database answers, and as soon as it does again when it is away."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from ledger.errors import LedgerUnavailable
from ledger.services.hold_batches import HoldBatcher
from ledger.services.holds import SettleRequest

log = logging.getLogger(__name__)

# How long the end of an answer waits for its settlement before it is delivered without.
_PATIENCE_SECONDS = 2
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0


class Settlements:
    """Ends holds. What the database does not take now is kept, and tried again until the hold expires."""

    def __init__(self, batcher: HoldBatcher) -> None:
        self._batcher = batcher
        # The event loop itself forgets tasks that nobody refers to.
        self._running: set[asyncio.Future[Any]] = set()

    async def settle(self, request: SettleRequest, *, deadline: float) -> None:
        """Charge ``request``; return when it is in the journal, or when waiting longer would keep the caller.

        It is charged also when whoever waits here is cancelled. ``deadline`` is on the monotonic clock.
        """
        charging = self._batcher.settle(request)
        self._running.add(charging)
        charging.add_done_callback(partial(self._try_again, request, deadline))
        await asyncio.wait({charging}, timeout=_PATIENCE_SECONDS)

    async def settle_estimated(self, bill: Coroutine[Any, Any, SettleRequest], *, deadline: float) -> None:
        """Charge what ``bill`` comes to, which takes a while; otherwise like `settle`."""
        charging = self._start(self._charge(bill, deadline))
        await asyncio.wait({charging}, timeout=_PATIENCE_SECONDS)

    def release(self, request_id: uuid.UUID, *, deadline: float) -> None:
        """Give back what was set aside for a call that costs nothing; nobody has to wait for it."""
        self._start(_until_it_works(request_id, partial(self._batcher.release, request_id), deadline))

    async def flush(self, *, seconds: float) -> None:
        """Wait until all that has begun here has ended, ``seconds`` at most."""
        deadline = time.monotonic() + seconds
        while self._running and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._running, timeout=left)

    def _try_again(self, request: SettleRequest, deadline: float, charging: asyncio.Future[Any]) -> None:
        """Settle until it works, when the ledger was not there; report whatever else is in the way."""
        if not charging.cancelled() and isinstance(charging.exception(), LedgerUnavailable):
            self._start(_until_it_works(request.request_id, partial(self._batcher.settle, request), deadline))
        self._forget(charging)

    async def _charge(self, bill: Coroutine[Any, Any, SettleRequest], deadline: float) -> None:
        request = await bill
        await _until_it_works(request.request_id, partial(self._batcher.settle, request), deadline)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Future[Any]) -> None:
        self._running.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, LedgerUnavailable):
            log.error("a hold could not be ended, and will expire", exc_info=fault)


async def _until_it_works(
    request_id: uuid.UUID, attempt: Callable[[], Awaitable[object]], deadline: float
) -> None:
    pause = _FIRST_PAUSE_SECONDS
    while not await _works(attempt):
        if time.monotonic() + pause > deadline:
            log.error("request=%s: its hold could not be ended before its deadline", request_id)
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def _works(attempt: Callable[[], Awaitable[object]]) -> bool:
    try:
        await attempt()
    except LedgerUnavailable:
        return False
    return True
