"""The gateway's way to the ledger: calls of many coroutines, a batch at a time, past Django's connections.

While a batch is in flight the next one gathers, so a quiet gateway waits for nobody and a busy one shares
round trips and commits. Only a batch that does not come back soon is overtaken.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import LockNotAvailable
from psycopg_pool import AsyncConnectionPool

from ledger.errors import LedgerUnavailable
from ledger.services.holds import (
    RELEASE,
    RESERVE,
    SETTLE,
    Answer,
    Operation,
    Refused,
    Released,
    ReleaseRequest,
    Request,
    Reserved,
    ReserveRequest,
    Row,
    Settled,
    SettleRequest,
)

# Batches of one operation in flight together, at most. As a rule it is one: two at a time are half as large,
# and a batch has a cost of its own. One that is not back by then waits for an account's lock, or for a disk.
LANES, SWIFT_SECONDS = 3, 0.02
# More would keep their accounts locked for long.
LARGEST_BATCH = 100
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.5
# A batch takes a few milliseconds. When one waits for an account's lock, its other calls go on without it.
SESSION_LIMITS = "-c statement_timeout=5000 -c lock_timeout=2000"


def connection_pool(conninfo: str, *, max_size: int) -> AsyncConnectionPool:
    """Return a pool, still closed, whose connections suit a `HoldBatcher`: a call is a transaction."""
    has_limits = "options" in conninfo_to_dict(conninfo)
    return _WarmPool(
        conninfo if has_limits else make_conninfo(conninfo, options=SESSION_LIMITS),
        min_size=1,
        max_size=max_size,
        kwargs={"autocommit": True},
        reconnect_timeout=1,  # then the next request tries anew, instead of waiting longer and longer
        open=False,
    )


class _WarmPool(AsyncConnectionPool):
    """Lends the connection that came back last: its session has plans and rows at hand.

    In turn, as the library does it, eight sessions stay cold, and each takes a third longer.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pool = _Stack()


class _Stack(deque[Any]):
    popleft = deque.pop


class HoldBatcher:
    """Reserves, settles and releases for one event loop.

    Every method may be repeated without harm. LedgerUnavailable means that the database did not answer within
    ``patience_seconds`` and that nobody knows whether the request took effect: settle again later, release
    what was to be reserved. A reserve that is cancelled while it is under way is released here.
    """

    def __init__(self, pool: AsyncConnectionPool, *, patience_seconds: float = 10) -> None:
        self._reserves = _Queue(RESERVE, pool, patience_seconds, self._give_back)
        self._settles = _Queue(SETTLE, pool, patience_seconds)
        self._releases = _Queue(RELEASE, pool, patience_seconds)

    async def reserve(self, request: ReserveRequest) -> Reserved | Refused:
        """Set aside the most that the call can cost, or refuse it."""
        return await self._reserves.ask(request)

    def settle(self, request: SettleRequest) -> asyncio.Future[Settled]:
        """Charge what the call cost, never more than its hold, and free the rest; also if nobody waits."""
        return self._settles.ask(request)

    async def release(self, request_id: UUID) -> Released:
        """End the hold as if it had never been reserved; harmless where there is none."""
        return await self._releases.ask(ReleaseRequest(request_id))

    async def close(self) -> None:
        """Return when nothing is under way; whoever calls asks for nothing more."""
        for queue in (self._reserves, self._settles, self._releases):
            await queue.drained()

    def _give_back(self, request: ReserveRequest) -> None:
        answer = self._releases.ask(ReleaseRequest(request.request_id))
        # Nobody waits for it: if it fails, the hold's deadline does the same.
        answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())


class _Ticket(NamedTuple):
    """One request in a queue, and the future that its caller waits for."""

    request: Any
    row: Row
    answer: asyncio.Future[Any]
    deadline: float


class _Queue(Generic[Request, Answer]):
    """The requests of one operation. What gathers while the lanes are busy goes along in the next batches."""

    def __init__(
        self,
        operation: Operation[Request, Answer],
        pool: AsyncConnectionPool,
        patience_seconds: float,
        on_unwanted: Callable[[Request], None] = lambda request: None,
    ) -> None:
        self._operation = operation
        self._pool = pool
        self._patience_seconds = patience_seconds
        self._on_unwanted = on_unwanted
        self._waiting: deque[_Ticket] = deque()
        self._free_lanes = LANES
        # The batch that is expected back at any moment: what comes meanwhile waits for it.
        self._swift: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_dispatching = False

    def ask(self, request: Request) -> asyncio.Future[Answer]:
        """Return the answer to come. A request that makes no sense raises here, to its own caller."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        deadline = time.monotonic() + self._patience_seconds
        self._waiting.append(_Ticket(request, self._operation.write(request), answer, deadline))
        if not self._is_dispatching:
            self._is_dispatching = True
            loop.call_soon(self._dispatch)  # when all who ask at this moment have asked
        return answer

    async def drained(self) -> None:
        """Return when every request has its answer."""
        while self._waiting or self._under_way:
            await asyncio.sleep(0)
            await asyncio.gather(*self._under_way)

    def _dispatch(self) -> None:
        """Send what waits, unless a batch will be back soon, or all lanes are taken."""
        self._is_dispatching = False
        if self._waiting and self._free_lanes and self._swift is None:
            size = min(LARGEST_BATCH, len(self._waiting))
            self._free_lanes -= 1
            self._swift = self._start([self._waiting.popleft() for _ in range(size)])
            self._swift.add_done_callback(self._free_a_lane)
            asyncio.get_running_loop().call_later(SWIFT_SECONDS, self._overtake, self._swift)

    def _free_a_lane(self, served: asyncio.Task[None]) -> None:
        self._free_lanes += 1
        self._overtake(served)

    def _overtake(self, serving: asyncio.Task[None]) -> None:
        """Wait no longer for a batch that is back, or takes its time."""
        if self._swift is serving:
            self._swift = None
        self._dispatch()

    def _start(self, batch: Sequence[_Ticket]) -> asyncio.Task[None]:
        serving = asyncio.create_task(self._serve(batch))
        self._under_way.add(serving)  # the event loop itself forgets tasks
        serving.add_done_callback(self._under_way.discard)
        return serving

    async def _serve(self, batch: Sequence[_Ticket]) -> None:
        """Answer every ticket. Of a batch that the database rejects, each goes on alone, beside the lanes."""
        try:
            answers = await self._insist(batch)
        except LedgerUnavailable as unavailable:
            for ticket in batch:
                self._hand_over(ticket, unavailable)
        except psycopg.Error as fault:
            if len(batch) == 1:
                self._hand_over(batch[0], fault)
                return
            for ticket in batch:
                self._start([ticket])
        else:
            for ticket, answer in zip(batch, answers, strict=True):
                self._hand_over(ticket, answer)

    def _hand_over(self, ticket: _Ticket, result: Answer | Exception | None) -> None:
        if result is None:  # nothing was decided
            self._start([ticket])
        elif ticket.answer.cancelled():
            self._on_unwanted(ticket.request)
        elif isinstance(result, Exception):
            ticket.answer.set_exception(result)
        else:
            ticket.answer.set_result(result)

    async def _insist(self, batch: Sequence[_Ticket]) -> list[Answer | None]:
        """Ask until the database answers, on a fresh connection each time, or until patience ends."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._ask_database(batch)
            except (psycopg.OperationalError, psycopg.InterfaceError) as broken:
                if isinstance(broken, LockNotAvailable) and len(batch) > 1:
                    raise
                if time.monotonic() + pause > batch[0].deadline:
                    raise LedgerUnavailable from broken
            await asyncio.sleep(pause)
            await self._pool.check()
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _ask_database(self, batch: Sequence[_Ticket]) -> list[Answer | None]:
        rows = [ticket.row for ticket in batch]
        parameters = self._operation.parameters(rows)
        async with self._pool.connection(timeout=LONGEST_PAUSE_SECONDS) as connection:
            cursor = await connection.execute(self._operation.sql, parameters)
            return self._operation.answers(rows, await cursor.fetchall())
