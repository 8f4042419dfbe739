"""What a key has spent of what it may: how far its meters stand, and when its owner is warned."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from ledger.models import Account, KeyAllowance
from ledger.money import NanoUSD
from ledger.services import key_limits, spending_keys
from ledger.services.key_limits import KeyLimits
from portal import key_lines
from portal.key_lines import KeyLine, Window
from tests.portal.conftest import DOLLAR


def window(spent: int, limit: int | None, alert_percent: int | None = 80) -> Window:
    return Window(label="", spent=NanoUSD(spent), limit=limit, alert_percent=alert_percent)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spent", "limit", "percent", "width"),
    [
        (0, 10, 0, 0),
        (1, 100_000, 0, 1),  # a little is seen to be something
        (5, 10, 50, 500),
        (10, 10, 100, 1_000),
        (15, 10, 100, 1_000),  # the limit was lowered since
        (0, 0, 100, 1_000),
        (7, None, 0, 0),
    ],
)
def test_a_meter_is_filled_as_far_as_the_limit_is_spent(
    spent: int, limit: int | None, percent: int, width: int
) -> None:
    assert (window(spent, limit).percent, window(spent, limit).width) == (percent, width)


@pytest.mark.parametrize(
    ("spent", "limit", "alert_percent"), [(79, 100, 80), (99, 100, None), (10**9, None, 1)]
)
def test_an_owner_is_left_alone_before(spent: int, limit: int | None, alert_percent: int | None) -> None:
    told = window(spent, limit, alert_percent)

    assert not told.is_near
    assert not told.is_reached


def test_an_owner_is_warned_where_they_want_it() -> None:
    assert window(80, 100, 80).is_near
    assert not window(80, 100, 80).is_reached


@pytest.mark.parametrize(("spent", "limit"), [(100, 100), (101, 100), (0, 0)])
def test_an_owner_is_told_that_a_limit_is_reached(spent: int, limit: int) -> None:
    assert window(spent, limit, None).is_reached


def line(account: Account, limits: KeyLimits, **counted: Any) -> KeyLine:
    issued = spending_keys.create(account.customer, name="laptop", limits=limits)
    KeyAllowance.objects.filter(api_key=issued.api_key).update(**counted)
    assert isinstance(account.customer.user, User)
    return key_lines.of_user(account.customer.user)[0]


def test_the_day_is_told_where_it_is_limited(account: Account) -> None:
    free, limited = line(account, KeyLimits()), line(account, KeyLimits(daily_limit_nano_usd=NanoUSD(DOLLAR)))

    assert [str(w.label) for w in free.windows] == ["This month", "In all"]
    assert [str(w.label) for w in limited.windows] == ["This month", "Today", "In all"]


def test_the_alert_is_about_the_limit_that_is_nearest_to_its_end(account: Account) -> None:
    today = timezone.localdate()

    told = line(
        account,
        KeyLimits(NanoUSD(100), NanoUSD(100), NanoUSD(100), alert_percent=50),
        spent_nano_usd=70, month=today.replace(day=1), month_spent_nano_usd=60,
        day=today, day_spent_nano_usd=90,
    )  # fmt: skip

    assert told.alert == told.day


def test_without_anything_near_there_is_no_alert(account: Account) -> None:
    assert line(account, KeyLimits(total_limit_nano_usd=NanoUSD(100)), spent_nano_usd=99).alert is None


def test_what_was_spent_before_this_month_is_over(account: Account) -> None:
    last_month = timezone.localdate().replace(day=1) - timedelta(days=1)

    told = line(
        account,
        KeyLimits(),
        spent_nano_usd=9, month=last_month.replace(day=1), month_spent_nano_usd=5,
        day=last_month, day_spent_nano_usd=2,
    )  # fmt: skip

    assert (told.total.spent, told.month.spent, told.day.spent) == (9, 0, 0)


def test_the_limits_stand_beside_what_was_spent(account: Account) -> None:
    limits = KeyLimits(NanoUSD(3), NanoUSD(2), NanoUSD(1), alert_percent=80)

    told = line(account, limits)

    assert told.limits == limits
    assert [w.limit for w in told.windows] == [2, 1, 3]
    assert key_limits.of(told.api_key.allowance) == limits
