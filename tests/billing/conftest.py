"""Fixtures of the shop: a key console and a Creem over HTTP, and what would go to the broker."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import Task
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from accounts.models import User
from billing import doorbell
from billing.services import wiring
from tests.billing import shoppers
from tests.billing.coin_shop import CoinShop
from tests.billing.consoles import TOKEN, RunningConsole
from tests.billing.providers.conftest import HURRY
from tests.factories.accounts import UserFactory
from tests.sandbox import running_creem, running_nowpayments
from tests.sandbox.running import RunningSandbox
from tests.sandbox.running_creem import RunningCreem
from tests.sandbox.running_nowpayments import RunningNowPayments


@pytest.fixture(scope="session")
def console_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def console(console_sandbox: RunningSandbox, settings: Settings) -> Iterator[RunningConsole]:
    """Have the console of the sandbox make the keys that guests buy."""
    console = RunningConsole(console_sandbox)
    settings.KEY_ISSUER = "console"
    settings.KEY_CONSOLE_URL, settings.KEY_CONSOLE_TOKEN = console.url, TOKEN
    settings.KEY_CONSOLE_BASE_URL = f"{console_sandbox.url}/v1"
    yield console
    console.fail()


@pytest.fixture(scope="session")
def creem_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("creem"), *running_creem.OPTIONS) as running:
        yield running


@pytest.fixture
def creem(
    creem_sandbox: RunningSandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningCreem]:
    """Have the shop sell at the sandbox's Creem, which it does not wait for long."""
    running = RunningCreem(creem_sandbox)
    settings.CREEM_BASE_URL = running.url
    monkeypatch.setattr(wiring, "PATIENCE", replace(HURRY, first_pause=timedelta(milliseconds=1)))
    wiring.creem.cache_clear()
    yield running
    wiring.creem.cache_clear()
    running.leave_as_found()


@pytest.fixture(scope="session")
def coin_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("coins"), *running_nowpayments.OPTIONS) as running:
        yield running


@pytest.fixture
def coins(
    coin_sandbox: RunningSandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CoinShop]:
    """Have the shop take coins at the sandbox's NowPayments, which it does not wait for long."""
    running = RunningNowPayments(coin_sandbox)
    settings.NOWPAYMENTS_BASE_URL = running.url
    monkeypatch.setattr(wiring, "PATIENCE", replace(HURRY, first_pause=timedelta(milliseconds=1)))
    wiring.nowpayments.cache_clear()
    yield CoinShop(running)
    wiring.nowpayments.cache_clear()
    running.leave_as_found()


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Collect what would go to the broker: the name of each task, and its row."""
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(Task, "apply_async", lambda task, args, kwargs: sent.append((task.name, *args)))
    monkeypatch.setattr(doorbell, "PAUSE_SECONDS", 0)
    yield sent
    doorbell.wait_until_sent()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Begin in English: a request in Chinese leaves its language behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def user() -> User:
    """Return somebody with an account and nothing in it."""
    return UserFactory.create()


@pytest.fixture
def member(user: User) -> Client:
    """Return the browser in which that somebody is signed in."""
    return shoppers.signed_in(user)
