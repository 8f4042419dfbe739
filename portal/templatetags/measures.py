"""Tokens and times for people: short in the text, exact on hover."""

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from ledger.money import Tokens

register = template.Library()

# From this many tokens on, the short form reads better than the number.
SHORT_FROM = 10_000
UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RELATIVE_FOR = timedelta(days=7)


@register.filter
def tokens(count: Tokens) -> SafeString:
    """Write a number of tokens: 812, 9,304, 17.2M."""
    return format_html('<data value="{}" title="{}">{}</data>', count, f"{count:,}", _short(count))


@register.filter
def thousands(number: int) -> str:
    """Write a number with its thousands parted."""
    return f"{number:,}"


@register.filter
def ago(moment: datetime) -> SafeString:
    """Write ``moment`` as people say it, past or future; as a date when it is more than a week away."""
    local = timezone.localtime(moment)
    exact = f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, _relative(local)
    )


@register.filter
def exactly(moment: datetime) -> SafeString:
    """Write ``moment`` to the second, with its time zone."""
    local = timezone.localtime(moment)
    exact = f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M:%S} {local.tzname()}"
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), exact)


@register.filter
def day(moment: datetime) -> SafeString:
    """Write the day of ``moment``."""
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), date_format(local, "DATE_FORMAT"))


def _short(count: int) -> str:
    if count < SHORT_FROM:
        return f"{count:,}"
    size, letter = next((size, letter) for size, letter in UNITS if count >= size)
    tenths = (Decimal(count) / size).quantize(Decimal("0.1"), ROUND_DOWN)
    return f"{tenths.normalize():f}{letter}"


def _relative(moment: datetime) -> str:
    distance = timezone.now() - moment
    if abs(distance) >= RELATIVE_FOR:
        return date_format(moment, "DATE_FORMAT")
    return _past(distance) if distance >= timedelta(0) else _future(-distance)


def _past(distance: timedelta) -> str:
    if distance < MINUTE:
        return gettext("just now")
    if distance < HOUR:
        return gettext("%d min ago") % (distance // MINUTE)
    if distance < DAY:
        return gettext("%d h ago") % (distance // HOUR)
    return ngettext("%d day ago", "%d days ago", distance // DAY) % (distance // DAY)


def _future(distance: timedelta) -> str:
    if distance < HOUR:
        return gettext("in less than an hour")
    if distance < DAY:
        return gettext("in %d h") % (distance // HOUR)
    return ngettext("in %d day", "in %d days", distance // DAY) % (distance // DAY)
