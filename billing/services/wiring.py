"""The providers, built from the settings. Whether the settings fit is seen to by `checks`."""

from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction

from billing import coin_account
from billing.models import Mode, Provider
from billing.providers.creem.client import Creem
from billing.providers.key_console import KeyConsole
from billing.providers.key_issuer import KeyIssuer
from billing.providers.nowpayments.client import NowPayments
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


@cache
def nowpayments() -> NowPayments:
    """Return our account at NowPayments; raises ValueError when coins are not taken."""
    return NowPayments(
        coin_account.of_settings(),
        base_url=settings.NOWPAYMENTS_BASE_URL,
        patience=PATIENCE,
        before_asking=leave_the_database,
    )


def is_wired(name: str) -> bool:
    """Tell whether the shop sells through that provider: its settings name an account."""
    return name != Provider.NOWPAYMENTS or coin_account.is_named()


def provider(name: str) -> PaymentProvider:
    """Return the payment provider of that name."""
    match Provider(name):
        case Provider.CREEM:
            return creem()
        case Provider.NOWPAYMENTS:
            return nowpayments()
        case other:
            raise ValueError(f"There is nobody to ask about {other.value}.")


def key_issuer() -> KeyIssuer:
    """Return the console that makes keys for us."""
    return _key_console(settings.KEY_CONSOLE_URL, settings.KEY_CONSOLE_TOKEN)


@cache
def _key_console(url: str, access_token: str) -> KeyConsole:
    return KeyConsole(url=url, access_token=access_token, before_asking=leave_the_database)


def leave_the_database() -> None:
    """Raise inside a transaction, whose locks would wait for a provider; else let go of the connection.

    The pool is small: a provider that takes its time must not keep it from everybody else.
    """
    with transaction.atomic(durable=True):
        pass
    if not connection.in_atomic_block:  # as it is where a whole test is rolled back
        connection.close_if_unusable_or_obsolete()


def mode(name: str) -> Mode:
    """Return whether orders at that provider move real money."""
    return Mode(provider(name).mode.value)
