"""The providers, built from the settings. Whether the settings fit is seen to by `checks`."""

from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction

from billing.models import Mode, Provider
from billing.providers.creem.client import Creem
from billing.providers.patience import Patience
from billing.providers.protocol import PaymentProvider

# A buyer who waits for a page, and a sweep that has others to ask about, do not wait for long.
PATIENCE = Patience(silence=timedelta(seconds=10), whole=timedelta(seconds=15), attempts=2)


@cache
def creem() -> Creem:
    """Return our store at Creem."""
    return Creem(
        api_key=settings.CREEM_API_KEY,
        webhook_secret=settings.CREEM_WEBHOOK_SECRET,
        base_url=settings.CREEM_BASE_URL,
        patience=PATIENCE,
        before_asking=leave_the_database,
    )


def provider(name: str) -> PaymentProvider:
    """Return the payment provider of that name."""
    match Provider(name):
        case Provider.CREEM:
            return creem()


def leave_the_database() -> None:
    """Raise inside a transaction, whose locks would wait for a provider; else let go of the connection.

    The pool is small: a provider that takes its time must not keep it from everybody else.
    """
    with transaction.atomic(durable=True):
        pass
    connection.close_if_unusable_or_obsolete()


def mode(name: str) -> Mode:
    """Return whether orders at that provider move real money."""
    return Mode(provider(name).mode.value)
