"""Wallet top-ups: credit for an amount in USD that the buyer chooses, dollar for dollar.

Creem sells them as so many units of a product that costs one dollar, so that its price is compared like that
of any other; for coins the amount itself is asked.
"""

from typing import NamedTuple

from django.conf import settings

from billing.errors import NotForSale
from billing.models import Order, Provider
from billing.services import wiring
from billing.services.orders import Sale
from ledger.money import NanoUSD, usd

CURRENCY = "USD"
TITLE, TITLE_ZH = "Wallet top-up", "钱包充值"
CENTS_PER_DOLLAR = 100


class Way(NamedTuple):
    """One way to pay a top-up, and the least that is taken in it."""

    provider: Provider
    least_dollars: int


def ways() -> list[Way]:
    """Return the ways in which a wallet can be topped up, in the order of the page."""
    sold = {
        Provider.CREEM: bool(settings.CREEM_TOPUP_PRODUCT_ID),
        Provider.NOWPAYMENTS: wiring.is_wired(Provider.NOWPAYMENTS),
    }
    least: dict[str, int] = settings.TOPUP_LEAST_DOLLARS
    return [Way(provider, least[provider]) for provider, is_sold in sold.items() if is_sold]


def sale(dollars: int, provider: str) -> Sale:
    """Return the sale of so much credit; raises NotForSale outside of what that provider takes."""
    way = next((way for way in ways() if way.provider == provider), None)
    if way is None or not way.least_dollars <= dollars <= settings.TOPUP_MOST_DOLLARS:
        raise NotForSale
    is_by_card = way.provider is Provider.CREEM
    return Sale(
        kind=Order.Kind.CREDIT,
        title=TITLE,
        title_zh=TITLE_ZH,
        provider=way.provider,
        product_id=settings.CREEM_TOPUP_PRODUCT_ID if is_by_card else "",
        units=dollars if is_by_card else 1,
        price_cents=dollars * CENTS_PER_DOLLAR,
        currency=CURRENCY,
        credit_nano_usd=NanoUSD(dollars * usd("1")),
    )
