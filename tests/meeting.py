"""Two who meet: one is held before a statement until the other waits for it, or has ended."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any, NamedTuple

from django.db import connection, connections

WAITING = (
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
    "                WHERE NOT granted AND datname = current_database())"
)
PATIENCE_SECONDS = 20

Act = Callable[[], object]


class Met(NamedTuple):
    """What each came to, an answer or an error; and how many statements the first had."""

    first: object
    second: object
    statements: int


class _Person(Thread):
    """Does its act with a connection of its own, and is held before its statement of that number."""

    def __init__(self, act: Act, held_at: int = 0) -> None:
        super().__init__()
        self.is_there, self.may_go_on = Event(), Event()
        self.came_to: object = None
        self.statements = 0
        self._act, self._held_at = act, held_at

    def run(self) -> None:
        try:
            with connection.execute_wrapper(self._pass):
                self.came_to = self._act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.came_to = error
        finally:
            connections.close_all()
            self.is_there.set()

    def _pass(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.statements += 1
        if self.statements == self._held_at:
            self.is_there.set()
            assert self.may_go_on.wait(PATIENCE_SECONDS)
        return execute(*statement)


def meet(first: Act, second: Act, *, held_at: int = 0) -> Met:
    """Do both; the second begins when the first is at statement ``held_at``, or has ended.

    The test needs `pytest.mark.django_db(transaction=True)`: threads do not see an open transaction.
    """
    one, other = _Person(first, held_at), _Person(second)
    one.start()
    assert one.is_there.wait(PATIENCE_SECONDS)
    other.start()
    _wait_until_it_waits_or_has_ended(other)
    one.may_go_on.set()
    for person in (one, other):
        person.join(PATIENCE_SECONDS)
        assert not person.is_alive()
    return Met(one.came_to, other.came_to, one.statements)


def _wait_until_it_waits_or_has_ended(thread: Thread) -> None:
    with connection.cursor() as cursor:
        is_waiting = False
        while thread.is_alive() and not is_waiting:
            cursor.execute(WAITING)
            [is_waiting] = cursor.fetchone()
