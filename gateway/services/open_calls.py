"""The calls that are running, and why one is broken off: its caller left, it took too long, or we stop."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from gateway.errors import CallerGone, NotReady, Stopped, UpstreamTooSlow


class OpenCalls:
    """Knows every running call of this process."""

    def __init__(self) -> None:
        self._open: set[OpenCall] = set()
        self._is_stopping = False
        self._all_ended = asyncio.Event()
        self._all_ended.set()

    def enter(self, left: Callable[[], Awaitable[None]], *, seconds: float) -> "OpenCall":
        """Return the scope of a call that ends with CallerGone when ``left`` returns.

        After ``seconds`` it ends with UpstreamTooSlow.
        """
        if self._is_stopping:
            raise NotReady
        return OpenCall(self, left, seconds)

    async def stop(self, *, seconds: float) -> None:
        """Let no call begin, and give those that run ``seconds`` to end before they are broken off."""
        self._is_stopping = True
        try:
            await asyncio.wait_for(self._all_ended.wait(), seconds)
        except TimeoutError:
            for call in list(self._open):
                call.break_off(Stopped())
            await self._all_ended.wait()

    def add(self, call: "OpenCall") -> None:
        """Count ``call`` among the running ones."""
        self._open.add(call)
        self._all_ended.clear()

    def remove(self, call: "OpenCall") -> None:
        """Count ``call`` no longer."""
        self._open.discard(call)
        if not self._open:
            self._all_ended.set()


class OpenCall:
    """The stretch of a call that can be broken off from outside; what is inside sees a cancellation."""

    def __init__(self, calls: OpenCalls, left: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._calls = calls
        self._left = left
        self._seconds = seconds
        self._reason: Exception | None = None

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        self._task = task
        self._watcher = asyncio.create_task(self._watch())
        self._limit = asyncio.get_running_loop().call_later(self._seconds, self.break_off, UpstreamTooSlow())
        self._calls.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.cancel()
        self._limit.cancel()
        self._calls.remove(self)
        if self._reason is not None and isinstance(error, asyncio.CancelledError):
            self._task.uncancel()
            raise self._reason from None

    def break_off(self, reason: Exception) -> None:
        """End the call with ``reason``, wherever it is."""
        if self._reason is None:
            self._reason = reason
            self._task.cancel()

    async def _watch(self) -> None:
        await self._left()
        self.break_off(CallerGone())
