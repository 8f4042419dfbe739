"""Creem twice: the sandbox's, and what is on record of the real one."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest

from billing.providers.creem.client import Creem
from billing.providers.patience import Patience
from tests.billing.providers.recorded import Answer, RecordedServer, Request, fixture, recorded
from tests.sandbox import running_creem, running_nowpayments
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import RunningSandbox
from tests.sandbox.running_creem import API_KEY, WEBHOOK_SECRET, RunningCreem

HURRY = Patience(
    connect=timedelta(seconds=2), silence=timedelta(milliseconds=300), whole=timedelta(milliseconds=600)
)


@dataclass
class Wire:
    """A Creem at the other end of a wire, and what there is to ask it about."""

    provider: Creem
    product_id: str
    open_checkout_id: str
    paid_checkout_id: str
    webhook_body: bytes
    webhook_signature: str


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    options = (*running_creem.OPTIONS, *running_nowpayments.OPTIONS)
    with RunningSandbox(tmp_path_factory.mktemp("sandbox"), *options) as running:
        yield running


@pytest.fixture
def creem(sandbox: RunningSandbox) -> Iterator[RunningCreem]:
    """Lend out the sandbox's Creem: its buyers, its dashboard and its switches."""
    running = RunningCreem(sandbox)
    yield running
    running.leave_as_found()


@pytest.fixture
def pauses() -> list[timedelta]:
    """List how long the provider would have paused."""
    return []


@pytest.fixture
def provider(creem: RunningCreem, pauses: list[timedelta]) -> Creem:
    return hurried(creem.url, sleep=pauses.append)


def hurried(url: str, *, sleep: Callable[[timedelta], None] = lambda _: None, **options: Any) -> Creem:
    """Return our side of a Creem at ``url`` that gives up quickly and sleeps as told."""
    keys = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    return Creem(base_url=url, patience=HURRY, sleep=sleep, **{**keys, **options})


@pytest.fixture(params=["sandbox", "recorded"])
def wire(request: pytest.FixtureRequest) -> Wire:
    found = request.getfixturevalue(f"{request.param}_wire")
    assert isinstance(found, Wire)
    return found


@pytest.fixture
def sandbox_wire(creem: RunningCreem, provider: Creem) -> Iterator[Wire]:
    with Receiver() as receiver:
        creem.send_webhooks_to(receiver.url)
        paid = creem.paid(units=2)
        creem.events()
        [delivery] = receiver.deliveries
        yield Wire(
            provider=provider,
            product_id="prod_standard",
            open_checkout_id=creem.checkout()["id"],
            paid_checkout_id=paid["id"],
            webhook_body=delivery.body,
            webhook_signature=delivery.headers["creem-signature"],
        )
        creem.leave_as_found()


@pytest.fixture
def recorded_wire() -> Iterator[Wire]:
    body = orjson.dumps(fixture("webhook.checkout.completed.onetime.captured"))
    with RecordedServer(_as_recorded) as server:
        yield Wire(
            provider=hurried(server.url),
            product_id="prod_fixture_catalog",
            open_checkout_id="ch_fixture_pending",
            paid_checkout_id="ch_5JbuQk9Jd65yDyQnKwufa0",
            webhook_body=body,
            webhook_signature=hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest(),
        )


def _as_recorded(request: Request) -> Answer:
    match request.method, request.path, request.query:
        case "POST", "/v1/checkouts", _:
            return recorded("api.checkouts.create.response")
        case "GET", "/v1/checkouts", {"checkout_id": "ch_fixture_pending"}:
            return recorded("api.checkouts.get.response.pending")
        case "GET", "/v1/checkouts", _:
            return recorded("api.checkouts.get.response.completed.constructed")
        case "GET", "/v1/products", _:
            return recorded("api.products.get.response")
        case "GET", "/v1/transactions/search", {"page_number": "1"}:
            return recorded("api.transactions.search.response")
        case "GET", "/v1/transactions/search", _:
            return Answer(200, b'{"items": [], "pagination": {"next_page": null}}')
        case _:
            return recorded("api.error.404", status=404)
