"""The log of served calls: what was asked of which model and how it ended, never a word that was said.

A call has two lines in ``served.jsonl``, each one unbuffered write.

The first is written before anything is answered: `id` (that of the answer, if it has one), `surface`,
`model`, `stream`, `request_id` (the caller's ``x-request-id``), `started_at`. The second, when the answer
ends: `status`, `outcome`, `usage` (of what was sent), `reported_usage` (what the caller was told last),
`ended_at`. Usage is in the form of the surface; null: nothing was sent or told. A stream of messages that
breaks off has told what its first event tells.

A call without its second line is under way, or died with the sandbox.
"""

from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import orjson

from sandbox import clock

Surface = Literal["chat", "messages", "embeddings"]
Outcome = Literal["complete", "client_gone", "failed", "stalled"]

# How the ids of a surface's answers begin.
_PREFIXES: dict[Surface, str] = {"chat": "chatcmpl-", "messages": "msg_", "embeddings": "embd-"}

_NOT_ENDED = {"status": None, "outcome": None, "usage": None, "reported_usage": None, "ended_at": None}


class ServedLog:
    """Appends to one file, which a restarted sandbox continues."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def begin(self, *, surface: Surface, model: str, stream: bool, request_id: str | None) -> str:
        """Write the first line of a call and return the id that it gives to the call."""
        call_id = f"{_PREFIXES[surface]}{uuid4().hex}"
        self._append(
            id=call_id,
            surface=surface,
            model=model,
            stream=stream,
            request_id=request_id,
            started_at=clock.now(),
        )
        return call_id

    def end(
        self,
        call_id: str,
        outcome: Outcome,
        *,
        status: int | None,
        usage: dict[str, Any] | None = None,
        reported_usage: Any = None,
    ) -> None:
        """Write the second line of a call."""
        self._append(
            id=call_id,
            status=status,
            outcome=outcome,
            usage=usage,
            reported_usage=reported_usage,
            ended_at=clock.now(),
        )

    def calls(self, *, since: int) -> list[dict[str, Any]]:
        """Return all calls but the first ``since``, as they began, the lines of each merged."""
        calls: dict[str, dict[str, Any]] = {}
        for line in self._path.read_bytes().splitlines():
            entry = orjson.loads(line)
            calls.setdefault(entry["id"], entry | _NOT_ENDED).update(entry)
        return list(calls.values())[since:]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, **entry: Any) -> None:
        self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
