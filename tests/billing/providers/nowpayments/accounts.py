"""Our side of a NowPayments that gives up quickly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from billing.providers.facts import Mode
from billing.providers.nowpayments.account import Account, Login
from billing.providers.nowpayments.client import NowPayments
from billing.providers.protocol import CheckoutRequest
from tests.billing.providers.conftest import HURRY
from tests.sandbox.running_nowpayments import API_KEY, EMAIL, IPN_SECRET, PASSWORD

LOGIN = Login(email=EMAIL, password=PASSWORD)
ACCOUNT = Account(
    api_key=API_KEY,
    ipn_secrets=(IPN_SECRET,),
    mode=Mode.TEST,
    payout_coin="usdttrc20",
    ipn_url="https://shop.example/webhooks/nowpayments",
)
NOWHERE = "http://127.0.0.1:9"


def hurried(
    url: str = NOWHERE, *, sleep: Callable[[timedelta], None] = lambda _: None, **account: Any
) -> NowPayments:
    return NowPayments(replace(ACCOUNT, **account), base_url=url, patience=HURRY, sleep=sleep)


def wish(**changes: Any) -> CheckoutRequest:
    fields = {
        "reference": "ref-1",
        "product_id": "",
        "units": 1,
        "success_url": "https://shop.example/orders/ref-1",
        "email": "buyer@example.com",
        "amount_cents": 2599,
        "currency": "USD",
        **changes,
    }
    return CheckoutRequest(**fields)
