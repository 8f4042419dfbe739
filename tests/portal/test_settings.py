"""What a deployment has to say before it may start, and where that is written down."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.settings.database import read_database
from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent
RING = "1:" + "A" * 43 + "="
PRODUCTION = {
    "SECRET_KEY": "s" * 32,
    "KEY_PEPPERS": RING,
    "SEALING_KEYS": RING,
    "PUBLIC_URL": "https://shop.example",
    "ALLOWED_HOSTS": "shop.example",
    "DATABASE_URL": "postgresql://purser@db.example/purser?sslmode=verify-full",
    "REDIS_URL": "rediss://broker.example",
    "EMAIL_HOST": "mail.example",
    "DEFAULT_FROM_EMAIL": "Shop <shop@example.com>",
    "CREEM_API_KEY": "creem_live",
    "CREEM_WEBHOOK_SECRET": "whsec_live",
}


def start_production(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import portal.settings.production"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_all_that_it_needs() -> None:
    assert start_production(PRODUCTION).returncode == 0


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_refuses_to_start_without(name: str) -> None:
    refused = start_production({key: value for key, value in PRODUCTION.items() if key != name})

    assert refused.returncode == 1
    assert name in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["SECRET_KEY", "KEY_PEPPERS", "SEALING_KEYS"])
@pytest.mark.parametrize("value", ["", "short", "1:c2hvcnQ="])
def test_production_refuses_a_secret_that_is_empty_or_short(name: str, value: str) -> None:
    refused = start_production({**PRODUCTION, name: value})

    assert f"ImproperlyConfigured: {name} must be" in refused.stderr


def test_the_options_of_a_database_url_win_over_ours() -> None:
    options = read_database("postgresql://db.example/purser?sslmode=require&options=-c%20a%3Db")["OPTIONS"]

    assert (options["sslmode"], options["options"]) == ("require", "-c a=b")


def test_every_setting_is_on_the_operators_page() -> None:
    documented = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))

    assert set(servers.SETTING_NAMES) - documented == set()
