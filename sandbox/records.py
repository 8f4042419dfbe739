"""Records: what a stand-in remembers, also when it is stopped and started again.

A file of JSON lines, each a list of records as they are from then on. A line is written in one piece, so
what belongs together is kept together or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something with an id that does not change."""

    id: str


Kind = TypeVar("Kind", bound=Record)


class Records:
    """All records, by kind and id, as they were first kept."""

    def __init__(self, path: Path, *, kinds: Sequence[type[Record]]) -> None:
        self._by_kind: dict[type[Record], dict[str, Any]] = {kind: {} for kind in kinds}
        self._file = path.open("ab+", buffering=0)
        self._remember()

    def find(self, kind: type[Kind], record_id: object) -> Kind | None:
        """Return the record of this kind and id, if there is one."""
        found: Kind | None = self._by_kind[kind].get(record_id) if isinstance(record_id, str) else None
        return found

    def get(self, kind: type[Kind], record_id: str) -> Kind:
        """Return the record of this kind and id, which is there."""
        found: Kind = self._by_kind[kind][record_id]
        return found

    def all(self, kind: type[Kind]) -> list[Kind]:
        """Return the records of this kind, oldest first."""
        return list(self._by_kind[kind].values())

    def keep(self, *records: Record) -> None:
        """Remember these, all or none, in place of what had their ids."""
        if not records:
            return
        line = [{"kind": type(record).__name__, "record": record} for record in records]
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        for record in records:
            self._by_kind[type(record)][record.id] = record

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _remember(self) -> None:
        self._file.seek(0)
        written = self._file.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._file.truncate(len(whole))  # a last line that was cut short never happened
        kinds = {kind.__name__: kind for kind in self._by_kind}
        for line in whole.splitlines():
            for entry in orjson.loads(line):
                record = kinds[entry["kind"]](**entry["record"])
                self._by_kind[type(record)][record.id] = record
