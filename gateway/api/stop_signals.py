"""Hearing that the process shall stop in time to do something about it.

The server tells the application only when the last connection has closed, which a long answer can hold up
for minutes. So the signal is heard here too, beside the server, which keeps its own handler.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def on_stop(act: Callable[[], None]) -> None:
    """Call ``act`` in this event loop when the process is asked to stop. Only a main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        _hear(number, lambda: loop.call_soon_threadsafe(act))


def _hear(number: signal.Signals, act: Callable[[], object]) -> None:
    others = signal.getsignal(number)

    def both(received: int, frame: FrameType | None) -> None:
        act()
        if callable(others):
            others(received, frame)

    signal.signal(number, both)
