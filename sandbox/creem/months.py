"""The periods of subscriptions: calendar months in UTC, counted from the first day."""

import calendar
from datetime import UTC, datetime

_MONTHS = {"every-month": 1, "every-three-months": 3, "every-six-months": 6, "every-year": 12}
_MONTHS_OF_A_YEAR = 12


def next_end(anchor_ms: int, start_ms: int, *, period: str) -> int:
    """Return when a period that starts then ends: months later, on the anchor's day if there is one."""
    anchor, start = _moment(anchor_ms), _moment(start_ms)
    passed = (start.year - anchor.year) * _MONTHS_OF_A_YEAR + start.month - anchor.month
    end = _later(anchor, passed + _MONTHS[period])
    return round(end.timestamp() * 1000)


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _later(anchor: datetime, months: int) -> datetime:
    years, month = divmod(anchor.month - 1 + months, _MONTHS_OF_A_YEAR)
    year, month = anchor.year + years, month + 1
    day = min(anchor.day, calendar.monthrange(year, month)[1])
    return anchor.replace(year=year, month=month, day=day)
