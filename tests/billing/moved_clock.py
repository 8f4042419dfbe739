"""A clock that a test moves on: that of Python and that of PostgreSQL, together."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import time_machine
from django.db import connection
from django.utils import timezone

# Found before PostgreSQL's own, as that is named last; written once per transaction that looks for them.
FUNCTIONS = """
    CREATE SCHEMA moved;
    CREATE FUNCTION moved.by() RETURNS interval LANGUAGE sql STABLE AS $$
        SELECT coalesce(nullif(current_setting('moved.by', true), ''), '0')::interval
    $$;
    CREATE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE AS
        $$ SELECT pg_catalog.now() + moved.by() $$;
    CREATE FUNCTION moved.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
        $$ SELECT pg_catalog.statement_timestamp() + moved.by() $$;
    CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT pg_catalog.clock_timestamp() + moved.by() $$;
    SET LOCAL search_path = moved, public, pg_catalog;
"""


class MovedClock:
    """So far ahead of the real one."""

    def __init__(self, travel: time_machine.Coordinates) -> None:
        self._travel = travel
        self._by = timedelta()

    def move(self, by: timedelta) -> None:
        """Let so much time go by at once."""
        self._by += by
        self._travel.shift(by)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('moved.by', %s, true)", [f"{self._by.total_seconds()} seconds"])


@contextmanager
def moved_clock() -> Iterator[MovedClock]:
    """Lend a clock to a test that runs in one transaction, which is rolled back with it."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
    with time_machine.travel(datetime.now(timezone.get_current_timezone()), tick=True) as travel:
        yield MovedClock(travel)
