"""Packages: what is for sale, in the reader's words, and what it costs where it is sold."""

from dataclasses import dataclass

from django.utils.translation import get_language

from billing.errors import NotForSale
from billing.models import Package, PackagePrice, Provider
from billing.services import rates, wiring
from ledger.money import TOKENS_PER_RATE

# The order in which ways to pay are shown; the first is chosen unless the buyer chooses another.
_WAYS = [Provider.CREEM, Provider.NOWPAYMENTS, Provider.TRANSFER]


@dataclass(frozen=True, slots=True)
class Offer:
    """A package as a reader sees it, with every price that it is sold at."""

    package: Package
    prices: list[PackagePrice]

    @property
    def name(self) -> str:
        """Return what it is called."""
        return in_language(self.package.name, self.package.name_zh)

    @property
    def purpose(self) -> str:
        """Return what it is good for."""
        return in_language(self.package.purpose, self.package.purpose_zh)

    @property
    def badge(self) -> str:
        """Return the word that marks it among the others; most have none."""
        return in_language(self.package.badge, self.package.badge_zh)

    @property
    def price(self) -> PackagePrice:
        """Return the price that is charged unless the buyer chooses another currency."""
        return self.prices[0]

    @property
    def is_listed_otherwise(self) -> bool:
        """Tell whether the published price is not the one that is charged."""
        listed = (self.package.list_price_cents, self.package.list_currency)
        return listed != (self.price.price_cents, self.price.currency)

    @property
    def cents_per_million(self) -> int:
        """Return what a million tokens of it cost, in hundredths of the currency charged, rounded up."""
        return -(-self.price.price_cents * TOKENS_PER_RATE // self.package.tokens)

    @property
    def card_prices(self) -> list[PackagePrice]:
        """Return what cards are charged, the one that is charged unless the buyer chooses first."""
        return [price for price in self.prices if price.provider == Provider.CREEM]

    @property
    def charged_prices(self) -> list[PackagePrice]:
        """Return each price once, however many ways there are to pay it."""
        return list({(price.currency, price.price_cents): price for price in self.prices}.values())

    @property
    def has_coins(self) -> bool:
        """Tell whether it can be paid in coins."""
        return any(price.provider == Provider.NOWPAYMENTS for price in self.prices)

    def price_of(self, way: str) -> PackagePrice:
        """Return the price that is charged in one of the ways to pay; raises NotForSale for any other."""
        for price in self.prices:
            if price.way == way:
                return price
        raise NotForSale


def catalogue() -> list[Offer]:
    """Return what is for sale, in the shop's order. A package without a price is not for sale yet."""
    packages = Package.objects.offered().prefetch_related("prices")
    return [offer for offer in map(_offer, packages) if offer.prices]


def find(slug: str) -> Offer:
    """Return one of the packages that are for sale; raises NotForSale for any other."""
    package = Package.objects.offered().filter(slug=slug).first()
    offer = package and _offer(package)
    if not offer or not offer.prices:
        raise NotForSale
    return offer


def in_language(english: str, chinese: str) -> str:
    """Return the wording in the reader's language; a missing one gives way to English."""
    return chinese if chinese and (get_language() or "").startswith("zh") else english


def usd_cents(list_price_cents: int, *, currency: str) -> int:
    """Return a list price in US cents at the published rate, rounded up to a cent.

    A currency without a published rate raises NoPublishedRate.
    """
    return rates.converted(list_price_cents, source=currency, target="USD")


def _place(price: PackagePrice) -> tuple[int, bool, str]:
    # USD is what most cards are charged in.
    return _WAYS.index(Provider(price.provider)), price.currency != "USD", price.currency


def _offer(package: Package) -> Offer:
    wired = [price for price in package.prices.all() if wiring.is_wired(price.provider)]
    return Offer(package, sorted(wired, key=_place))
