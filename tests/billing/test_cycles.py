"""The months of a subscription, for any anchor: they follow one another and keep the anchor's day."""

import calendar
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing.services import cycles

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns"]
ANCHORS = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31), timezones=st.just(ZoneInfo("UTC")))  # noqa: DTZ001 - the zone is the strategy's
LITTLE = st.timedeltas(timedelta(days=-3), timedelta(days=3))


@given(ANCHORS, st.sampled_from(ZONES))
def test_two_years_of_months_keep_the_day_and_the_time_of_their_anchor(anchor: datetime, zone: str) -> None:
    with timezone.override(zone):
        start, first = anchor, timezone.localtime(anchor)
        for _month in range(24):
            end = cycles.next_end(anchor, after=start)
            last = timezone.localtime(end)
            assert timedelta(days=27, hours=22) <= end - start <= timedelta(days=31, hours=2)
            assert last.day == min(first.day, calendar.monthrange(last.year, last.month)[1])
            assert is_in_a_gap(end, first) or (last.hour, last.minute) == (first.hour, first.minute)
            start = end
        assert timezone.localtime(start).year == first.year + 2


@given(ANCHORS, st.integers(0, 30), LITTLE)
def test_a_month_that_is_told_a_little_early_or_late_is_the_same_month(
    anchor: datetime, months: int, off: timedelta
) -> None:
    start = anchor
    for _month in range(months):
        start = cycles.next_end(anchor, after=start)

    assert cycles.next_end(anchor, after=start + off) == cycles.next_end(anchor, after=start)


@pytest.mark.parametrize(
    ("anchor", "ends"),
    [
        ("2027-01-31", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-01-31", ["2028-02-29", "2028-03-31", "2028-04-30"]),
        ("2027-12-15", ["2028-01-15", "2028-02-15", "2028-03-15"]),
    ],
)
def test_a_month_that_is_too_short_ends_with_its_last_day(anchor: str, ends: list[str]) -> None:
    first = start = datetime.fromisoformat(f"{anchor}T12:00:00+00:00")
    found = []
    for _month in ends:
        start = cycles.next_end(first, after=start)
        found.append(start.date().isoformat())

    assert found == ends


def is_in_a_gap(end: datetime, first: datetime) -> bool:
    """Tell whether the clocks were put forward over the time of day at which the month would end."""
    wanted = timezone.localtime(end).replace(hour=first.hour, minute=first.minute)
    return timezone.localtime(wanted.astimezone(ZoneInfo("UTC"))).hour != first.hour
