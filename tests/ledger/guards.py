"""How to break what the database guards, so that a test sees the damage found."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def alter(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # a table with checks to come cannot be altered
        cursor.execute(statement)


@contextmanager
def unguarded(table: str) -> Iterator[None]:
    """Take the append-only trigger away for a moment."""
    alter(f"alter table {table} disable trigger user")
    yield
    alter(f"alter table {table} enable trigger user")
