"""A shop that could not work does not start, and says what to do."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from billing import checks

ROOT = Path(__file__).resolve().parent.parent.parent
LIVE = {"CREEM_API_KEY": "creem_live", "CREEM_BASE_URL": "", "PUBLIC_URL": "https://shop.example"}
CONSOLE = {"KEY_ISSUER": "console"}


def test_the_settings_of_one_machine_are_fine() -> None:
    assert run_checks(tags=[checks.TAG]) == []


def test_a_live_shop_with_all_that_it_needs_is_fine(settings: Settings) -> None:
    assert complaints(settings, LIVE) == []


@pytest.mark.parametrize(
    ("setting", "complaint", "advice"),
    [
        ({"CREEM_API_KEY": ""}, "no payment page could be opened", "Set it to the API key"),
        ({"CREEM_API_KEY": "sk_live"}, "begins with creem_", "copy the whole key"),
        ({"CREEM_BASE_URL": "https://api.creem.io"}, "does not belong to", "Leave CREEM_BASE_URL empty"),
        ({"CREEM_WEBHOOK_SECRET": " "}, "no webhook could be believed", "signing secret"),
        ({"CREEM_WEBHOOK_SECRET": "wrong", "CREEM_BASE_URL": ""}, "is none of Creem's", "Copy the whole"),
        ({"NOWPAYMENTS_IPN_SECRETS": (" ",)}, "no notification could be believed", "IPN secret"),
        ({"NOWPAYMENTS_MODE": "play"}, "NowPayments do not fit", "live or test"),
        ({"NOWPAYMENTS_PAYOUT_COIN": ""}, "paid out in some coin", "usdttrc20"),
        ({"NOWPAYMENTS_BASE_URL": "https://api.nowpayments.io"}, "does not belong to", "live or test"),
        ({"KEY_ISSUER": "nobody"}, "KEY_ISSUER is “nobody”", "built-in, console, off"),
        (CONSOLE | {"KEY_CONSOLE_URL": ""}, "KEY_CONSOLE_URL is empty", "KEY_ISSUER=built-in"),
        (CONSOLE | {"KEY_CONSOLE_TOKEN": ""}, "KEY_CONSOLE_TOKEN is empty", "KEY_ISSUER=built-in"),
        (CONSOLE | {"KEY_CONSOLE_BASE_URL": ""}, "KEY_CONSOLE_BASE_URL is empty", "KEY_ISSUER=built-in"),
        (CONSOLE | {"KEY_CONSOLE_QUOTA_PER_USD": 0}, "worth nothing", "500000"),
        (LIVE | {"PUBLIC_URL": "http://shop.example"}, "does not begin with https://", "TLS"),
        (LIVE | {"SUPPORT_EMAIL": ""}, "finds no address", "somebody reads"),
    ],
)
def test_what_would_not_work_is_told_with_what_to_do(
    settings: Settings, setting: dict[str, object], complaint: str, advice: str
) -> None:
    [told] = complaints(settings, setting)

    assert complaint in told.split("\n")[0]
    assert advice in told.split("\n")[1]


def test_no_complaint_repeats_a_key(settings: Settings) -> None:
    told = complaints(settings, {"CREEM_API_KEY": "hunter2", "CREEM_BASE_URL": "https://api.creem.io"})

    assert "hunter2" not in "".join(told)


def test_a_console_that_nobody_uses_may_be_missing(settings: Settings) -> None:
    assert complaints(settings, {"KEY_ISSUER": "off", "KEY_CONSOLE_URL": ""}) == []


@pytest.mark.parametrize("role", ["all", "web", "gateway"])
def test_the_server_does_not_start_either(role: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import portal.asgi"],
        cwd=ROOT,
        env={**os.environ, "CREEM_WEBHOOK_SECRET": "", "PORTAL_ROLE": role},
        capture_output=True,
        text=True,
        check=False,
    )

    assert started.returncode == 1
    assert "CREEM_WEBHOOK_SECRET is empty" in started.stderr


def complaints(settings: Settings, changed: Mapping[str, object]) -> list[str]:
    for name, value in changed.items():
        setattr(settings, name, value)
    return [f"{message.msg}\n{message.hint}" for message in run_checks(tags=[checks.TAG])]
