"""Plays of two workers who meet: the first is held at a statement until the other waits or has ended."""

from functools import cache
from typing import Any

from django.db import DatabaseError

from billing import tasks
from billing.services import inbox
from tests.billing import end_state
from tests.billing.plays import Play, Race
from tests.billing.theatre import Theatre
from tests.meeting import Act, meet


class RacingTheatre(Theatre):
    """As `Theatre`, with two orders and two workers."""

    def is_as_if_one_after_the_other(self, race: Race) -> bool:
        """Race; tell whether the end is that of one worker after the other, whichever goes first.

        What the first has paid may also be met by the second before it is delivered.
        """
        met = self._meet(race.first, race.second, held_at=race.statement)
        return met in (
            self._apart(race.first, race.second),
            self._apart(race.second, race.first),
            self._before_delivery(race.first, race.second),
        )

    @cache  # noqa: B019 - a theatre ends with its test
    def _apart(self, first: str, second: str) -> dict[str, list[Any]]:
        return self._meet(first, second)

    @cache  # noqa: B019 - a theatre ends with its test
    def _before_delivery(self, first: str, second: str) -> dict[str, list[Any]]:
        tag = f"T{next(self.numbers):06}T"
        before = end_state.marks()
        for reference in (tag, f"{tag}b"):
            self.place(Play(()), reference)
        for message in (first, second):
            self.tell(message, tag)
        while self.queue:
            inbox.handle(self.queue.pop(0)[1])
        self.settle(Play(()))
        return end_state.since(before, tag)

    def _meet(self, first: str, second: str, *, held_at: int = 0) -> dict[str, list[Any]]:
        tag = f"T{next(self.numbers):06}T"
        before = end_state.marks()
        for reference in (tag, f"{tag}b"):
            self.place(Play(()), reference)
        for message in (first, second):
            self.tell(message, tag)
        (_, one), (_, other) = self.queue
        self.queue.clear()
        met = meet(_handle(one), _handle(other), held_at=held_at)
        # An event that met an error of the database waits, and the sweep takes it up.
        assert all(each is None or isinstance(each, DatabaseError) for each in met[:2])
        self.settle(Play(()))
        return end_state.since(before, tag)


def _handle(event_pk: int) -> Act:
    return lambda: tasks.handle_event(event_pk)
