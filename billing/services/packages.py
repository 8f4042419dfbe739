"""Packages: what they cost where they are sold."""

from django.conf import settings


def usd_cents(list_price_cents: int, *, currency: str) -> int:
    """Return a list price in US cents at the published rate, rounded up to a cent.

    A currency without a published rate raises KeyError.
    """
    units_per_usd: int = settings.PUBLISHED_UNITS_PER_USD[currency]
    return -(-list_price_cents // units_per_usd)
