"""The line-up: what the programs of one machine are told about each other."""

import json

import pytest
from django.conf import settings as site
from pytest_django import Settings

from portal import demo
from portal.processes import lineup


def test_the_sandbox_knows_what_the_shop_sells_and_where_it_listens() -> None:
    options = options_of_the_sandbox()

    assert options["--creem-api-key"] == site.CREEM_API_KEY
    assert options["--creem-webhook-secret"] == site.CREEM_WEBHOOK_SECRET
    assert options["--creem-webhook-url"] == f"http://127.0.0.1:{site.PORT}/webhooks/creem"
    assert json.loads(options["--creem-products"]) == demo.products()
    assert options["--console-token"] == site.KEY_CONSOLE_TOKEN


@pytest.mark.parametrize("name", ["CREEM_BASE_URL", "KEY_CONSOLE_URL"])
def test_secrets_of_a_real_provider_are_not_given_to_the_sandbox(settings: Settings, name: str) -> None:
    settings.CREEM_API_KEY = settings.CREEM_WEBHOOK_SECRET = settings.KEY_CONSOLE_TOKEN = f"of {name}"
    settings.CREEM_BASE_URL = settings.KEY_CONSOLE_URL = "https://provider.example"

    assert f"of {name}" not in options_of_the_sandbox().values()


def options_of_the_sandbox() -> dict[str, str]:
    sandbox = next(program for program in lineup.programs() if program.name == "sandbox")
    words = sandbox.command[3:]
    return dict(zip(words[::2], words[1::2], strict=True))
