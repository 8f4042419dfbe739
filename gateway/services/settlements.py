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
        self._running: set[asyncio.Task[None]] = set()

    async def settle(self, bill: Coroutine[Any, Any, SettleRequest], *, deadline: float) -> None:
        """Charge ``bill``; return when it is in the journal, or when waiting longer would keep the caller.

        It is charged also when whoever waits here is cancelled. ``deadline`` is on the monotonic clock.
        """
        charging = self._start(self._charge(bill, deadline))
        await asyncio.wait({charging}, timeout=_PATIENCE_SECONDS)

    def release(self, request_id: uuid.UUID, *, deadline: float) -> None:
        """Give back what was set aside for a call that costs nothing; nobody has to wait for it."""
        self._start(_until_it_works(request_id, partial(self._batcher.release, request_id), deadline))

    async def flush(self, *, seconds: float) -> None:
        """Wait until all that has begun here has ended, ``seconds`` at most."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def _charge(self, bill: Coroutine[Any, Any, SettleRequest], deadline: float) -> None:
        request = await bill
        await _until_it_works(request.request_id, partial(self._batcher.settle, request), deadline)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (fault := task.exception()):
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
