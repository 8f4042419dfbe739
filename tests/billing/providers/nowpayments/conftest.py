"""NowPayments twice: the sandbox's, and what is on record of the real one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from billing.providers.nowpayments.client import NowPayments
from tests.billing.providers.nowpayments.accounts import LOGIN, hurried
from tests.billing.providers.nowpayments.on_record import recorded, signed, wire
from tests.billing.providers.recorded import Answer, RecordedServer, Request
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import RunningSandbox
from tests.sandbox.running_nowpayments import IPN_SECRET, RunningNowPayments, in_order


@dataclass
class Wire:
    """A NowPayments at the other end of a wire, and what there is to ask it about."""

    provider: NowPayments
    open_payment_id: str
    paid_payment_id: str
    ipn_body: bytes
    ipn_headers: dict[str, str]


@pytest.fixture
def nowpayments(sandbox: RunningSandbox) -> Iterator[RunningNowPayments]:
    """Lend out the sandbox's NowPayments: its buyers, its merchant and its switches."""
    running = RunningNowPayments(sandbox)
    yield running
    running.leave_as_found()


@pytest.fixture
def pauses() -> list[timedelta]:
    """List how long the provider would have paused."""
    return []


@pytest.fixture
def provider(nowpayments: RunningNowPayments, pauses: list[timedelta]) -> NowPayments:
    return hurried(nowpayments.url, sleep=pauses.append, login=LOGIN)


@pytest.fixture(params=["sandbox", "recorded"])
def both(request: pytest.FixtureRequest) -> Wire:
    found = request.getfixturevalue(f"{request.param}_wire")
    assert isinstance(found, Wire)
    return found


@pytest.fixture
def sandbox_wire(nowpayments: RunningNowPayments, provider: NowPayments) -> Iterator[Wire]:
    with Receiver() as receiver:
        paid = nowpayments.paid(ipn_callback_url=receiver.url)
        told = in_order(receiver.deliveries)[-1]
        yield Wire(
            provider=provider,
            open_payment_id=nowpayments.payment()["payment_id"],
            paid_payment_id=str(paid["payment_id"]),
            ipn_body=told.body,
            ipn_headers=told.headers,
        )


@pytest.fixture
def recorded_wire() -> Iterator[Wire]:
    body = wire("ipn.finished.payment-api.captured")
    with RecordedServer(as_recorded) as server:
        yield Wire(
            provider=hurried(server.url, login=LOGIN),
            open_payment_id="5745459419",
            paid_payment_id="5800567260",
            ipn_body=body,
            ipn_headers=signed(body, IPN_SECRET),
        )


_ANSWERS = {
    "GET /v1/payment/5745459419": "api.payment.get.response.live-shape",
    # Of a real payment only a notification is on record.
    "GET /v1/payment/5800567260": "ipn.finished.payment-api.captured",
    "GET /v1/merchant/coins": "api.merchant-coins.response.live-shape",
    "GET /v1/full-currencies": "api.full-currencies.response.live-shape",
    "GET /v1/min-amount": "api.min-amount.response.live-shape",
    "GET /v1/estimate": "api.estimate.response.live-shape",
    "GET /v1/status": "api.status.response",
    "POST /v1/auth": "api.auth.response",
    "POST /v1/invoice": "api.invoice.create.response",
    "POST /v1/payment": "api.payment.create.response.full",
    "POST /v1/invoice-payment": "api.invoice-payment.create.response",
    "POST /v1/payment/4455667788/update-merchant-estimate": ("api.payment.update-merchant-estimate.response"),
}


def as_recorded(request: Request) -> Answer:
    """Answer as NowPayments did, or says that it does."""
    if request.path == "/v1/payment/":
        is_first = request.query["page"] == "0"
        return recorded("api.payment.list.response") if is_first else Answer(200, b'{"data": []}')
    name = _ANSWERS.get(f"{request.method} {request.path}")
    return recorded(name) if name else recorded("api.error.404.payment", status=404)
