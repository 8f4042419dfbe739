"""One sandbox for all tests that leave it as they found it, and the official SDK pointed at it."""

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.sandbox import running_creem, running_nowpayments
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import UPSTREAM_KEY, RunningSandbox
from tests.sandbox.running_creem import RunningCreem
from tests.sandbox.running_nowpayments import RunningNowPayments


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    options = (*running_creem.OPTIONS, *running_nowpayments.OPTIONS)
    with RunningSandbox(tmp_path_factory.mktemp("sandbox"), *options) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """Lend out the shared sandbox, behaving normally and with an empty mailbox."""
    yield shared_sandbox
    shared_sandbox.behave(mode="normal")
    shared_sandbox.request("DELETE", "/mailbox.json")


@pytest.fixture
def sdk(sandbox: RunningSandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{sandbox.url}/v1", api_key=UPSTREAM_KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_sdk(sandbox: RunningSandbox) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=sandbox.url, api_key=UPSTREAM_KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def creem(sandbox: RunningSandbox) -> Iterator[RunningCreem]:
    """Lend out the shared Creem, whose webhooks go nowhere."""
    running = RunningCreem(sandbox)
    yield running
    running.leave_as_found()


@pytest.fixture
def receiver(creem: RunningCreem) -> Iterator[Receiver]:
    """Let the shared Creem send its webhooks to a receiver."""
    with Receiver() as receiver:
        creem.send_webhooks_to(receiver.url)
        yield receiver
        creem.leave_as_found()


@pytest.fixture
def nowpayments(sandbox: RunningSandbox) -> Iterator[RunningNowPayments]:
    """Lend out the shared NowPayments, whose notifications go nowhere."""
    running = RunningNowPayments(sandbox)
    yield running
    running.leave_as_found()


@pytest.fixture
def ipn_receiver(nowpayments: RunningNowPayments) -> Iterator[Receiver]:
    """Have the payments of the shared NowPayments told to a receiver."""
    with Receiver() as receiver:
        nowpayments.ipn_url = receiver.url
        yield receiver
        nowpayments.notifications()
        nowpayments.leave_as_found()
