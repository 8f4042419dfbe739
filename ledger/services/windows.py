"""What an account has used of its windows: the day, the week, the period of its plan, and the minute."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from ledger.models import Account
from ledger.money import NanoUSD

MINUTE = timedelta(minutes=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The counters of an account as they count now.

    Money counts when a call is settled, a request as soon as it is reserved. Days and weeks are those of the
    site. `minute_requests` is how many of a minute's requests are not free again, for an account that has a
    limit of them.
    """

    day_spent: NanoUSD
    day_requests: int
    day_ends_at: datetime
    week_spent: NanoUSD
    week_ends_at: datetime
    budget_spent: NanoUSD
    minute_requests: int


def of(account: Account, *, requests_per_minute: int | None, at: datetime | None = None) -> Windows:
    """Return the windows of ``account`` now: a counter of an earlier day or week counts as nothing."""
    now = at or timezone.now()
    today = timezone.localdate(now)
    monday = today - timedelta(days=today.weekday())
    is_today, is_this_week = account.day == today, account.week == monday
    return Windows(
        day_spent=NanoUSD(account.day_spent_nano_usd if is_today else 0),
        day_requests=account.day_requests if is_today else 0,
        day_ends_at=_start_of(today + DAY),
        week_spent=NanoUSD(account.week_spent_nano_usd if is_this_week else 0),
        week_ends_at=_start_of(monday + WEEK),
        budget_spent=NanoUSD(account.budget_spent_nano_usd),
        minute_requests=_of_the_minute(account, requests_per_minute, now),
    )


def _of_the_minute(account: Account, requests_per_minute: int | None, now: datetime) -> int:
    """Return how many requests of the minute are taken: each frees itself after its share of a minute."""
    if requests_per_minute is None or account.rate_arrival_at is None:
        return 0
    until_free = max(account.rate_arrival_at - now, timedelta(0))
    return min(-(-until_free * requests_per_minute // MINUTE), requests_per_minute)


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
