"""The clockwork: payments that coins arrived for move on by themselves, and those that wait expire."""

import asyncio
from collections.abc import Callable

from sandbox.clock import now_ms
from sandbox.nowpayments.entities import Payment
from sandbox.records import Records


class Clockwork:
    """Hands every payment over when it is due."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._moving: set[str] = set()
        self._is_still = asyncio.Event()
        self._is_still.set()

    def start(self, move: Callable[[Payment], object]) -> None:
        """Let ``move`` do what is to be done with a payment that is due."""
        self._move = move
        for payment in self._records.all(Payment):
            self.watch(payment)

    async def stop(self) -> None:
        """Stop; `start` goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def watch(self, payment: Payment) -> None:
        """Wait for the time of this payment as it is now, and no more for any that it had before."""
        earlier = self._tasks.pop(payment.id, None)
        if earlier is not None and earlier is not asyncio.current_task():
            earlier.cancel()
        if payment.due_at is not None:
            self._tasks[payment.id] = asyncio.get_running_loop().create_task(
                self._wait(payment, payment.due_at)
            )
        self._mark(payment)

    async def wait_until_still(self) -> None:
        """Return as soon as no payment has coins on their way."""
        await self._is_still.wait()

    def _mark(self, payment: Payment) -> None:
        if payment.due_at is not None and payment.status != "waiting":
            self._moving.add(payment.id)
            self._is_still.clear()
        else:
            self._moving.discard(payment.id)
            if not self._moving:
                self._is_still.set()

    async def _wait(self, payment: Payment, due_at: int) -> None:
        await asyncio.sleep(max(0, due_at - now_ms()) / 1000)
        self._move(self._records.get(Payment, payment.id))
