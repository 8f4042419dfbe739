"""An account belongs to one environment, and keeps its secrets to itself."""

from typing import Any

import pytest

from billing.providers.facts import Mode
from billing.providers.nowpayments.account import LIVE_URL, SANDBOX_URL, Account
from billing.providers.nowpayments.client import NowPayments
from tests.billing.providers.nowpayments.accounts import ACCOUNT, LOGIN, hurried
from tests.sandbox.running_nowpayments import API_KEY, IPN_SECRET


@pytest.mark.parametrize(
    ("mode", "url", "asked"),
    [(Mode.LIVE, "", LIVE_URL), (Mode.TEST, "", SANDBOX_URL), (Mode.LIVE, "http://x", "http://x")],
)
def test_the_mode_of_the_account_decides_where_to_ask(mode: Mode, url: str, asked: str) -> None:
    account = Account(api_key=" K\n", ipn_secrets=(), mode=mode, payout_coin="btc")

    assert account.fitting(url) == asked
    assert account.api_key == "K"
    assert NowPayments(account, base_url=url).mode is mode


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"mode": Mode.LIVE}, SANDBOX_URL),
        ({"mode": Mode.TEST}, f"{LIVE_URL}/"),
        ({"mode": Mode.UNKNOWN}, ""),
        ({"api_key": " "}, ""),
        ({"payout_coin": ""}, ""),
    ],
)
def test_an_account_that_does_not_fit_is_refused(changes: dict[str, Any], url: str) -> None:
    with pytest.raises(ValueError, match=r"account|key"):
        hurried(url, **changes)


def test_an_account_does_not_show_its_secrets() -> None:
    shown = repr(hurried(login=LOGIN)) + repr(ACCOUNT) + repr(LOGIN)

    assert [secret for secret in (API_KEY, IPN_SECRET, LOGIN.password) if secret in shown] == []
