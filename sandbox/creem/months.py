"""The periods of subscriptions: calendar months in UTC, counted from the first day."""

import calendar
from datetime import UTC, datetime

_MONTHS = {"every-month": 1, "every-three-months": 3, "every-six-months": 6, "every-year": 12}
_MONTHS_OF_A_YEAR = 12


def end(anchor_ms: int, *, periods: int, period: str) -> int:
    """Return when so many periods from the anchor are over: on its day of the month, if there is one."""
    later = _later(datetime.fromtimestamp(anchor_ms / 1000, UTC), periods * _MONTHS[period])
    return round(later.timestamp() * 1000)


def _later(anchor: datetime, months: int) -> datetime:
    years, month = divmod(anchor.month - 1 + months, _MONTHS_OF_A_YEAR)
    year, month = anchor.year + years, month + 1
    day = min(anchor.day, calendar.monthrange(year, month)[1])
    return anchor.replace(year=year, month=month, day=day)
