"""A shop whose models are served by a sandbox, and a gateway in front of it."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import openai
import pytest
import uvloop
from django.db import connection
from pytest_django import Settings

from gateway.models import Protocol
from gateway.services import tokenizer
from ledger.models import Hold
from ledger.services import proof
from portal.embedded import addresses
from tests.factories import gateway as make
from tests.factories.gateway import Buyer
from tests.gateway.breakable_database import BreakableDatabase
from tests.gateway.connecting import Run
from tests.gateway.running import RunningGateway
from tests.sandbox.running import RunningSandbox

STORY_SECONDS = 20


@pytest.fixture(scope="session", autouse=True)
def loaded_tokenizer() -> None:
    tokenizer.load()


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """Lend out the shared sandbox, behaving normally."""
    yield shared_sandbox
    shared_sandbox.behave(mode="normal")


@pytest.fixture
def database_url(transactional_db: None, settings: Settings) -> Iterator[str]:
    """Name the tests' own database to what connects by itself, and leave its journal empty behind."""
    url: str = settings.DATABASE_URL.rsplit("/", 1)[0] + f"/{connection.settings_dict['NAME']}"
    settings.DATABASE_URL = url
    yield url
    with connection.cursor() as cursor:
        cursor.execute("truncate ledger_usage")  # Django does not: it has not made this table


@pytest.fixture
def shop(database_url: str, sandbox: RunningSandbox) -> None:
    """Offer a paid and a free model, both served by the sandbox."""
    models = [make.model(make.PAID_MODEL), make.model(make.FREE_MODEL, is_free=True)]
    make.channel(sandbox.url, *models)


@pytest.fixture
def surfaces(shop: None, sandbox: RunningSandbox) -> None:
    """Offer what every surface needs; ask for it before the gateway, which reads the offers as it starts."""
    make.channel(sandbox.url, make.model(make.EMBEDDING_MODEL, output=1))
    make.channel(sandbox.url, make.model(make.MESSAGE_MODEL), protocol=Protocol.ANTHROPIC)


@pytest.fixture
def database(settings: Settings, shop: None) -> Iterator[BreakableDatabase]:
    """Let the gateway's way to the books be broken, and nobody else's."""
    path = f"{addresses.postgres_socket_dir(settings.VAR_DIR)}/{addresses.POSTGRES_SOCKET}"
    with BreakableDatabase(path) as breakable:
        name = settings.DATABASE_URL.rpartition("/")[2]
        settings.DATABASE_URL = f"postgresql://purser@127.0.0.1:{breakable.port}/{name}"
        yield breakable


@pytest.fixture
def gateway(shop: None) -> Iterator[RunningGateway]:
    """Run a gateway; when it has stopped, no hold may be left and the books must verify."""
    with RunningGateway() as running:
        yield running
    assert not Hold.objects.exists()
    assert proof.discrepancies() == []


@pytest.fixture
def buyer(shop: None) -> Buyer:
    return make.buyer()


@pytest.fixture
def sdk(gateway: RunningGateway, buyer: Buyer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=gateway.base_url, api_key=buyer.key, max_retries=0) as client:
        yield client


@pytest.fixture
def hasty(settings: Settings) -> None:
    """Let the gateway lose its patience with an upstream within a test's time."""
    settings.GATEWAY_SILENCE_SECONDS = 1
    settings.GATEWAY_CALL_TIMEOUT_SECONDS = 2
    settings.GATEWAY_HOLD_GRACE_SECONDS = 1


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a story on each event loop that the gateway may run on."""

    def run_in_time(story: Coroutine[Any, Any, None]) -> None:
        request.param(asyncio.wait_for(story, STORY_SECONDS))

    return run_in_time
