"""The months of a subscription: counted from its anchor, each as long as the calendar lets it be.

One that is anchored on 31 January ends on 28 or 29 February, and then on 31 March, at the same time of day in
the site's time zone.
"""

import calendar
from datetime import datetime, timedelta

from django.utils import timezone

PASS = timedelta(days=30)
_MONTHS_OF_A_YEAR = 12
# Less than the shortest month: a period that begins a little late or early is none of its own.
SHORTEST = timedelta(days=14)


def next_end(anchor: datetime, *, after: datetime) -> datetime:
    """Return the end of the month that begins at ``after``, or about then: one of the anchor's own months."""
    months = _months_between(anchor, after)
    ends = (_month_later(anchor, months + step) for step in range(3))
    return next(end for end in ends if end >= after + SHORTEST)


def _months_between(anchor: datetime, moment: datetime) -> int:
    first, last = timezone.localtime(anchor), timezone.localtime(moment)
    return (last.year - first.year) * _MONTHS_OF_A_YEAR + last.month - first.month


def _month_later(anchor: datetime, months: int) -> datetime:
    """Return the anchor's day so many months later, or the last day of a month that has no such day."""
    local = timezone.localtime(anchor)
    years, month = divmod(local.month - 1 + months, _MONTHS_OF_A_YEAR)
    year, month = local.year + years, month + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    naive = local.replace(year=year, month=month, day=day, tzinfo=None)
    return timezone.make_aware(naive)
