"""Limits on guessing: how often a subject may try something in a window of time.

The counters live in PostgreSQL and go by its clock. They fail closed: when an attempt cannot be counted,
the database's error propagates and nothing is tried.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.errors import TooManyAttempts
from accounts.models import AttemptWindow
from accounts.services import keyed_hash
from accounts.services.limit_cache import LimitCache

# Rows are locked in one order whatever the order of the limits, so that two callers never wait in a ring.
# The clock is read again in the update: a caller may have waited for the row. The commit does not wait for
# the disk: a crash may forget the attempts of its last half second.
_COUNT = """
    INSERT INTO accounts_attemptwindow AS kept (purpose, subject_hash, attempts, window_ends_at)
    SELECT purpose, subject_hash, 1, clock_timestamp() + length
      FROM unnest(%s::text[], %s::bytea[], %s::interval[]) AS spent (purpose, subject_hash, length),
           set_config('synchronous_commit', 'off', true)
     ORDER BY subject_hash
    ON CONFLICT (purpose, subject_hash) DO UPDATE
       SET attempts = CASE WHEN kept.window_ends_at <= clock_timestamp() THEN 1 ELSE kept.attempts + 1 END,
           window_ends_at = CASE WHEN kept.window_ends_at <= clock_timestamp()
                                 THEN EXCLUDED.window_ends_at ELSE kept.window_ends_at END
    RETURNING subject_hash, attempts, window_ends_at - clock_timestamp()
"""


MINUTE_SECONDS, HOUR_SECONDS = 60, 60 * 60


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``allowed`` attempts of ``purpose`` by ``subject``, such as a user or an address, per window.

    One purpose may limit one subject by several windows: five a minute and twenty a day.
    """

    purpose: str
    subject: str
    allowed: int
    window_seconds: int


def spend_by_address(purpose: str, address: str, *, per_minute: int, per_hour: int) -> None:
    """Count one attempt that came from ``address`` as `spend` does, in a minute's window and in an hour's."""
    spend(
        Limit(purpose, f"address {address}", per_minute, MINUTE_SECONDS),
        Limit(purpose, f"address {address}", per_hour, HOUR_SECONDS),
    )


def spend(*limits: Limit) -> None:
    """Count one attempt against every limit; raises TooManyAttempts when any of them was used up before.

    Exact under any concurrency. What is counted stays counted, refused attempts too: the count is committed
    before the answer, so it must not run inside a transaction that may still roll back.
    """
    by_hash = {_subject_hash(limit): limit for limit in limits}
    waits = [
        math.ceil(left.total_seconds())
        for subject_hash, attempts, left in _count(by_hash)
        if attempts > by_hash[subject_hash].allowed
    ]
    if waits:
        raise TooManyAttempts(retry_after_seconds=max(1, *waits))


def forget_ended() -> None:
    """Delete what limits nobody any more: counters of ended windows, here and in the login's cache."""
    AttemptWindow.objects.filter(window_ends_at__lt=Now()).delete()
    cast("LimitCache", caches[DEFAULT_CACHE_ALIAS]).forget_expired()


def _count(by_hash: dict[bytes, Limit]) -> list[tuple[bytes, int, timedelta]]:
    with transaction.atomic(durable=True):
        pass  # raises inside a transaction; the statement below is one by itself
    limits = by_hash.values()
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                [limit.purpose for limit in limits],
                list(by_hash),
                [timedelta(seconds=limit.window_seconds) for limit in limits],
            ],
        )
        return [(bytes(subject_hash), *rest) for subject_hash, *rest in cursor.fetchall()]


def _subject_hash(limit: Limit) -> bytes:
    subject = f"{limit.purpose}|{limit.window_seconds}|{limit.subject}"
    return keyed_hash.digest(keyed_hash.ATTEMPT, subject).value
