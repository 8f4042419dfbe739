"""The account at NowPayments as the settings describe it; knows no tables, so that `checks` can ask it."""

from django.conf import settings

from billing.providers.facts import Mode
from billing.providers.nowpayments.account import Account, Login

WEBHOOK_PATH = "/webhooks/nowpayments"


def is_named() -> bool:
    """Tell whether there is one, and coins are taken."""
    return bool(settings.NOWPAYMENTS_API_KEY.strip())


def of_settings() -> Account:
    """Return the account; raises ValueError for settings with which no coins could be taken."""
    login = Login(email=settings.NOWPAYMENTS_EMAIL, password=settings.NOWPAYMENTS_PASSWORD)
    account = Account(
        api_key=settings.NOWPAYMENTS_API_KEY,
        ipn_secrets=settings.NOWPAYMENTS_IPN_SECRETS,
        mode=Mode(settings.NOWPAYMENTS_MODE),
        payout_coin=settings.NOWPAYMENTS_PAYOUT_COIN,
        ipn_url=settings.PUBLIC_URL + WEBHOOK_PATH,
        is_fixed_rate=settings.NOWPAYMENTS_FIXED_RATE,
        is_fee_paid_by_user=settings.NOWPAYMENTS_BUYER_PAYS_FEES,
        login=login if login.email and login.password else None,
    )
    account.fitting(settings.NOWPAYMENTS_BASE_URL)
    return account
