"""Money for people. The books keep nano-USD; pages show dollars, and every digit on hover.

Shown amounts are cut, not rounded: nobody is shown a cent that they do not have.
"""

from decimal import ROUND_DOWN, Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.money import NanoUSD, as_usd

register = template.Library()

MINUS = "\N{MINUS SIGN}"
CENTS = 2
# A call costs small fractions of a cent; six decimals tell calls apart and still line up.
FINE_DECIMALS = 6
ALL_DECIMALS = 9
SIGNS = {"USD": "$", "EUR": "€", "CNY": "¥"}
# A rate has these decimals at least, so that rates stand in line.
RATE_DECIMALS = 4


@register.filter
def usd(amount: NanoUSD) -> SafeString:
    """Write ``amount`` to the cent."""
    return _data(amount, _written(amount, CENTS))


@register.filter
def usd_change(amount: NanoUSD) -> SafeString:
    """Write ``amount`` as a change: finely, and with its plus or minus."""
    return _data(amount, _parted(("+" if amount > 0 else "") + _written(amount, FINE_DECIMALS)))


@register.filter
def usd_fine(amount: NanoUSD) -> SafeString:
    """Write a small ``amount`` to the millionth of a dollar; what is beyond the cents stands back."""
    return _data(amount, _parted(_written(amount, FINE_DECIMALS)))


@register.filter
def rate(nano_usd_per_million: int) -> SafeString:
    """Write a rate exactly, in dollars per million tokens; what is beyond the cents stands back."""
    amount = NanoUSD(nano_usd_per_million)
    return _data(amount, _parted(_exact(amount, RATE_DECIMALS)))


@register.filter
def usd_exact(amount: NanoUSD) -> str:
    """Write ``amount`` with every digit that it has, two decimals at least, as plain text."""
    return _exact(amount, CENTS)


@register.filter
def usd_in_line(amount: Decimal, decimals: int) -> SafeString:
    """Write an amount of dollars with the decimals of its column; what is beyond the cents stands back."""
    sign = MINUS if amount < 0 else ""
    written = _parted(f"{sign}${abs(amount):,.{decimals}f}")
    return format_html('<data class="money" value="{}">{}</data>', f"{amount:f}", written)


@register.filter
def price(cents: int, currency: str) -> SafeString:
    """Write a price, given in hundredths of ``currency``."""
    written = f"{cents // 100:,}.{cents % 100:02}"
    exact = written.replace(",", "")
    sign = SIGNS.get(currency, f"{currency} ")
    return format_html(
        '<data class="money" value="{}" title="{} {}">{}{}</data>', exact, currency, exact, sign, written
    )


def _exact(amount: NanoUSD, fewest_decimals: int) -> str:
    whole, point, decimals = _written(amount, ALL_DECIMALS).partition(".")
    return whole + point + decimals.rstrip("0").ljust(fewest_decimals, "0")


def _parted(written: str) -> SafeString:
    cents = written.index(".") + 1 + CENTS
    return format_html('{}<span class="beyond-cents">{}</span>', written[:cents], written[cents:])


def _written(amount: NanoUSD, decimals: int) -> str:
    cut = as_usd(amount).quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)
    sign = MINUS if amount < 0 else ""
    return f"{sign}${abs(cut):,.{decimals}f}"


def _data(amount: NanoUSD, written: str) -> SafeString:
    return format_html(
        '<data class="money" value="{}" title="{}">{}</data>',
        f"{as_usd(amount):f}",
        usd_exact(amount),
        written,
    )
