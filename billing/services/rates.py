"""Published rates: how many units of a currency buy one USD of what the shop sells, and who said so."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from accounts.models import User
from billing.errors import NoPublishedRate
from billing.models import PublishedRate
from ledger.money import NanoUSD


def find(currency: str) -> Decimal | None:
    """Return how many units of ``currency`` count as one USD now; None if the shop publishes no rate."""
    newest = PublishedRate.objects.filter(currency=currency).order_by("-pk").first()
    if newest is not None:
        return newest.units_per_usd
    # Whatever is published: credit is counted in it.
    return Decimal(1) if currency == "USD" else None


def get(currency: str) -> Decimal:
    """Return the rate of ``currency``; raises NoPublishedRate."""
    rate = find(currency)
    if rate is None:
        raise NoPublishedRate
    return rate


def currencies() -> list[str]:
    """Return the currencies with a published rate, by name."""
    published = PublishedRate.objects.in_force().values_list("currency", flat=True)
    return sorted({"USD", *published})


def publish(currency: str, units_per_usd: Decimal, *, by: User | None) -> PublishedRate:
    """Let ``units_per_usd`` count for ``currency`` from now on. Orders that were written keep their rate."""
    return PublishedRate.objects.create(currency=currency.upper(), units_per_usd=units_per_usd, set_by=by)


def credit_for(cents: int, units_per_usd: Decimal) -> NanoUSD:
    """Return the credit that hundredths of a currency buy at a rate, rounded down to a nano-USD."""
    usd = Decimal(cents).scaleb(-2) / units_per_usd
    return NanoUSD(int(usd.scaleb(9).to_integral_value(ROUND_FLOOR)))


def converted(cents: int, *, source: str, target: str) -> int:
    """Return a price in hundredths of ``target`` at the published rates, rounded up; NoPublishedRate."""
    if source == target:
        return cents
    units = Decimal(cents) * get(target) / get(source)
    return int(units.to_integral_value(ROUND_CEILING))
