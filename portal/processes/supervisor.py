"""Starts children in order, starts again what dies, and stops all in reverse order."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self

from portal.processes.caller import Caller
from portal.processes.child import Child, ChildFailed

TICK_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
# Whoever stayed up this long is well again: the next death counts as the first.
WELL_AFTER_SECONDS = 10


class StopRequested(Exception):
    """Somebody wants everything to end."""


class Supervisor:
    """Keeps children running inside its ``with`` block, and leaves none behind when it ends.

    A signal only raises a flag, which is looked at between two steps: no child is ever half started.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._kept: list[_Kept] = []
        self._at_the_end = ExitStack()
        self._stop_requested = False
        self._caller = Caller()

    def __enter__(self) -> Self:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._at_the_end.callback(signal.signal, each, signal.signal(each, self._request_stop))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at_the_end.close()

    def keep(self, child: Child) -> None:
        """Start ``child``, and again whenever it dies; ChildFailed when it does not start at all."""
        self._say(f"{child.name}: starting")
        self._at_the_end.callback(self._stop, child)
        child.start()
        self._kept.append(_Kept(child, started_at=time.monotonic()))
        self.tick()

    def run(self, step: Child) -> None:
        """Run ``step`` to its end; ChildFailed when it does not end well."""
        self._say(f"{step.name}: running")
        try:
            step.start()
            while step.is_running():
                self.tick()
        finally:
            step.stop()
        if step.exit_code != 0:
            raise ChildFailed(f"{step.name} failed. {step.last_words()}")

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until all is ``ready``; ChildFailed when that takes longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise ChildFailed(f"Not ready after {seconds:.0f} seconds; the logs say why.")
            self.tick()

    def watch(self) -> None:
        """Keep everything running until StopRequested."""
        while True:
            self.tick()

    def tick(self) -> None:
        """Revive what has died and let a moment pass; StopRequested when somebody asked for the end."""
        for kept in self._kept:
            self._revive(kept)
        if self._stop_requested or self._caller.wants_to_end():
            raise StopRequested
        time.sleep(TICK_SECONDS)

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._stop_requested = True

    def _revive(self, kept: "_Kept") -> None:
        if kept.child.is_running():
            return
        if kept.retry_at is None:
            delay = kept.count_death()
            self._say(f"{kept.child.name}: ended ({kept.child.log} says why), starting again in {delay:g} s")
        if kept.is_due():
            try:
                kept.start_again()
            except ChildFailed as failure:
                self._say(str(failure))

    def _stop(self, child: Child) -> None:
        self._say(f"{child.name}: stopping")
        child.stop()


@dataclass
class _Kept:
    """A child that is to be running, and what its deaths say about when to try again."""

    child: Child
    started_at: float
    deaths: int = 0
    retry_at: float | None = None

    def count_death(self) -> float:
        """Note that the child died, and return after how many seconds it is due again: 0, 0.5, 1, 2, ..."""
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at > WELL_AFTER_SECONDS else self.deaths + 1
        delay = 0.0 if self.deaths == 1 else min(2.0 ** (self.deaths - 3), LONGEST_DELAY_SECONDS)
        self.retry_at = now + delay
        return delay

    def is_due(self) -> bool:
        return self.retry_at is not None and time.monotonic() >= self.retry_at

    def start_again(self) -> None:
        self.retry_at, self.started_at = None, time.monotonic()
        self.child.start()
