"""Settings with which the shop must not start: each is told with what to do about it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's word

from billing import coin_account
from billing.providers.creem.client import Creem
from billing.providers.facts import Mode

TAG = "shop"

KEY_ISSUERS = ("built-in", "console", "off")
_CONSOLE_NEEDS = ("KEY_CONSOLE_URL", "KEY_CONSOLE_TOKEN", "KEY_CONSOLE_BASE_URL")


def creem(*args: Any, **options: Any) -> list[CheckMessage]:
    """Refuse a store that could not take money, or would not hear that it came."""
    return list(_creem())


def nowpayments(*args: Any, **options: Any) -> list[CheckMessage]:
    """Refuse an account for coins that could not take them, or would not hear that they came."""
    return list(_nowpayments())


def key_issuer(*args: Any, **options: Any) -> list[CheckMessage]:
    """Refuse an issuer that could make no key."""
    return list(_key_issuer())


def addresses(*args: Any, **options: Any) -> list[CheckMessage]:
    """Refuse real money on a site without TLS, and warn when buyers could reach nobody."""
    return list(_addresses())


def _creem() -> Iterator[CheckMessage]:
    if not settings.CREEM_WEBHOOK_SECRET.strip():
        yield Error(
            "CREEM_WEBHOOK_SECRET is empty: no webhook could be believed, so no payment would be heard of.",
            hint="Set it to the signing secret that Creem shows beside your webhook.",
            id="billing.E001",
        )
    elif not settings.CREEM_BASE_URL and not all(map(_is_of_creem, settings.CREEM_WEBHOOK_SECRET.split())):
        yield Error(
            "CREEM_WEBHOOK_SECRET is none of Creem's: those begin with whsec_.",
            hint="Copy the whole signing secret from the page of the webhook; several are parted by spaces.",
            id="billing.E010",
        )
    if not settings.CREEM_API_KEY.strip():
        yield Error(
            "CREEM_API_KEY is empty: no payment page could be opened.",
            hint="Set it to the API key of your store at Creem.",
            id="billing.E002",
        )
        return
    try:
        _store()
    except ValueError as fault:
        yield Error(
            f"CREEM_API_KEY and CREEM_BASE_URL do not fit: {fault}",
            hint="Leave CREEM_BASE_URL empty for Creem itself, and copy the whole key.",
            id="billing.E003",
        )


def _is_of_creem(secret: str) -> bool:
    return secret.startswith("whsec_")


def _nowpayments() -> Iterator[CheckMessage]:
    if not coin_account.is_named():
        return
    if not any(secret.strip() for secret in settings.NOWPAYMENTS_IPN_SECRETS):
        yield Error(
            "NOWPAYMENTS_IPN_SECRETS is empty: no notification could be believed.",
            hint="Set it to the IPN secret that NowPayments showed once, or leave NOWPAYMENTS_API_KEY empty.",
            id="billing.E008",
        )
    try:
        coin_account.of_settings()
    except ValueError as fault:
        yield Error(
            f"The settings of NowPayments do not fit: {fault}",
            hint="NOWPAYMENTS_MODE is live or test, NOWPAYMENTS_PAYOUT_COIN a code such as usdttrc20.",
            id="billing.E009",
        )


def _key_issuer() -> Iterator[CheckMessage]:
    if settings.KEY_ISSUER not in KEY_ISSUERS:
        yield Error(
            f"KEY_ISSUER is “{settings.KEY_ISSUER}”, which nobody is.",
            hint=f"Set it to one of {', '.join(KEY_ISSUERS)}.",
            id="billing.E004",
        )
    if settings.KEY_ISSUER != "console":
        return
    for name in _CONSOLE_NEEDS:
        if not getattr(settings, name).strip():
            yield Error(
                f"KEY_ISSUER is “console”, but {name} is empty.",
                hint=f"Set {name}, or let the shop's own gateway make keys: KEY_ISSUER=built-in.",
                id="billing.E005",
            )
    if settings.KEY_CONSOLE_QUOTA_PER_USD < 1:
        yield Error(
            "KEY_CONSOLE_QUOTA_PER_USD is below 1: keys would be worth nothing.",
            hint="One API counts 500000 for a USD.",
            id="billing.E006",
        )


def _addresses() -> Iterator[CheckMessage]:
    if not _money_is_real():
        return
    if not settings.PUBLIC_URL.startswith("https://"):
        yield Error(
            "Money is real here, but PUBLIC_URL does not begin with https://.",
            hint="Order pages show keys and codes: sell with a creem_test_ key until the site has TLS.",
            id="billing.E007",
        )
    if not settings.SUPPORT_EMAIL:
        yield Warning(
            "SUPPORT_EMAIL is empty: a buyer whose order needs a person finds no address to write to.",
            hint="Set it to an address that somebody reads.",
            id="billing.W001",
        )


def _money_is_real() -> bool:
    try:
        coins_are_real = coin_account.is_named() and coin_account.of_settings().mode is Mode.LIVE
        return coins_are_real or _store().mode is Mode.LIVE
    except ValueError:
        return False  # another check tells it


def _store() -> Creem:
    return Creem(
        api_key=settings.CREEM_API_KEY,
        webhook_secret=settings.CREEM_WEBHOOK_SECRET,
        base_url=settings.CREEM_BASE_URL,
    )
