"""The traffic log: every call that an API answered and every webhook that was posted, for tests to read."""

from collections import deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from aiohttp import web

from sandbox import faults
from sandbox.clock import now_ms

CAPACITY = 20_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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


async def noted(request: web.Request, handler: Handler, *, traffic: Traffic) -> web.StreamResponse:
    """Answer a call to an API as ``handler`` does, and note both."""
    body = (await request.read()).decode(errors="replace")
    answer: web.StreamResponse | None = None
    try:
        answer = await handler(request)
        return answer
    finally:  # also when the caller is gone and nothing was answered
        traffic.note(
            "api",
            at=now_ms(),
            method=request.method,
            path=request.path,
            query=dict(request.query),
            body=body,
            fault=request.get(faults.MET, "none"),
            status=answer and answer.status,
            answer=answer.text if isinstance(answer, web.Response) else None,
        )
