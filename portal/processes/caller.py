"""The `make` that called us, and when it wants to end.

Ctrl-C in a terminal reaches both of us. But a SIGINT that somebody sends to `make` alone stays there:
it stops catching the signal and waits for its recipe, which nobody told. So the recipe has to look.
"""

import os
import signal
from pathlib import Path


class Caller:
    """Our parent as we found it; of interest only when it is `make`, or was started by it."""

    def __init__(self) -> None:
        self._pid = os.getppid() if "MAKELEVEL" in os.environ else None
        self._caught_interrupts = self._catches_interrupts()

    def wants_to_end(self) -> bool:
        """Tell whether `make` is gone, or was told to stop."""
        if self._pid is None:
            return False
        return os.getppid() != self._pid or self._catches_interrupts() < self._caught_interrupts

    def _catches_interrupts(self) -> bool:
        try:
            status = Path(f"/proc/{self._pid}/status").read_text()
        except OSError:  # not on Linux, or gone already
            return False
        mask = status.partition("SigCgt:")[2].split()[0]
        return bool(int(mask, 16) >> (signal.SIGINT - 1) & 1)
