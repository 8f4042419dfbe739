"""The cache behind the login's limits is exact, and never says yes to what it could not write."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection

from tests.together import together


@pytest.mark.django_db
def test_what_was_set_is_read_until_it_expires() -> None:
    cache.set("kept", [1, "two"], timeout=60)
    cache.set("over", 1, timeout=-1)
    cache.set("for-ever", 1, timeout=None)

    assert cache.get_many(["kept", "over", "for-ever"]) == {"kept": [1, "two"], "for-ever": 1}


@pytest.mark.django_db
def test_a_key_that_is_taken_is_not_added() -> None:
    assert cache.add("lock", 1)
    assert not cache.add("lock", 2)
    assert cache.get("lock") == 1


@pytest.mark.django_db
def test_only_what_lives_is_touched() -> None:
    cache.set("kept", 1, timeout=60)
    cache.set("over", 1, timeout=-1)

    assert cache.touch("kept", 120)
    assert not cache.touch("over", 120)
    assert not cache.touch("never", 120)


@pytest.mark.usefixtures("shared_limits")
@pytest.mark.parametrize("before", ["free", "expired"])
def test_of_many_who_want_a_lock_one_gets_it(before: str) -> None:
    if before == "expired":
        cache.set("lock", 1, timeout=-1)

    outcomes = together(32, lambda _: cache.add("lock", 1))

    assert outcomes.count(True) == 1
    assert outcomes.count(False) == 31


@pytest.mark.django_db
@pytest.mark.parametrize("write", [cache.set, cache.add, cache.touch])
def test_a_write_that_fails_is_an_error_and_not_an_answer(write: Callable[..., bool | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE portal_cache RENAME TO gone")

    with pytest.raises(DatabaseError):
        write("key", 1)


@pytest.mark.django_db
def test_a_write_reads_one_row_however_large_the_table() -> None:
    with connection.execute_wrapper(refuse_counts):
        cache.set("key", 1)


def refuse_counts(execute: Callable[..., Any], sql: str, *rest: object) -> Any:
    assert "COUNT" not in sql
    return execute(sql, *rest)
