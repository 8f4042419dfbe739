"""The traffic log: every call that the API answered and every webhook that was posted, for tests to read."""

from collections import deque
from itertools import count
from typing import Any

CAPACITY = 20_000


class Traffic:
    """Keeps the newest entries in memory, numbered from 1; never a key, a secret or a signature."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=CAPACITY)
        self._numbers = count(1)

    def note(self, what: str, **facts: Any) -> None:
        """Add an entry."""
        self._entries.append({"number": next(self._numbers), "what": what, **facts})

    def entries(self, *, since: int) -> list[dict[str, Any]]:
        """Return the entries after number ``since``, oldest first."""
        return [entry for entry in self._entries if entry["number"] > since]
