"""Plays of two workers who meet: the first is held at a statement until the other waits or has ended."""

from collections.abc import Callable
from functools import cache
from threading import Event, Thread
from typing import Any

from django.db import DatabaseError, connection, connections

from billing import tasks
from billing.services import inbox
from tests.billing import end_state
from tests.billing.plays import Play, Race
from tests.billing.theatre import Theatre

WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
PATIENCE_SECONDS = 20


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
        _run_both(one, other, held_at)
        self.settle(Play(()))
        return end_state.since(before, tag)


class _Holding:
    """Holds a worker before its statement of that number, until it may go on."""

    def __init__(self, statement: int) -> None:
        self.is_there, self.may_go_on = Event(), Event()
        self._left = statement

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self.is_there.set()
            assert self.may_go_on.wait(PATIENCE_SECONDS)
        return execute(*statement)


def _run_both(one: int, other: int, held_at: int) -> None:
    """Handle two events; begin the second when the first is at statement ``held_at``, or has ended."""
    holding = _Holding(held_at)
    first = Thread(target=_handle, args=(one, holding))
    second = Thread(target=_handle, args=(other, _Holding(0)))
    first.start()
    assert holding.is_there.wait(PATIENCE_SECONDS)
    second.start()
    _wait_until_it_waits_or_has_ended(second)
    holding.may_go_on.set()
    first.join(PATIENCE_SECONDS)
    second.join(PATIENCE_SECONDS)


def _handle(event_pk: int, holding: _Holding) -> None:
    try:
        with connection.execute_wrapper(holding):
            tasks.handle_event(event_pk)
    except DatabaseError:
        pass  # the event waits, and the sweep takes it up
    finally:
        connections.close_all()
        holding.is_there.set()


def _wait_until_it_waits_or_has_ended(thread: Thread) -> None:
    with connection.cursor() as cursor:
        is_waiting = False
        while thread.is_alive() and not is_waiting:
            cursor.execute(WAITING)
            [is_waiting] = cursor.fetchone()
