"""The providers, built from the settings. Whether the settings fit is seen to by `checks`."""

from functools import cache

from django.conf import settings

from billing.models import Mode, Provider
from billing.providers.creem.client import Creem
from billing.providers.protocol import PaymentProvider


@cache
def creem() -> Creem:
    """Return our store at Creem."""
    return Creem(
        api_key=settings.CREEM_API_KEY,
        webhook_secret=settings.CREEM_WEBHOOK_SECRET,
        base_url=settings.CREEM_BASE_URL,
    )


def provider(name: str) -> PaymentProvider:
    """Return the payment provider of that name."""
    match Provider(name):
        case Provider.CREEM:
            return creem()


def mode(name: str) -> Mode:
    """Return whether orders at that provider move real money."""
    return Mode(provider(name).mode.value)
