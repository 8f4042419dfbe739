"""Invoices are known by their payments, and payments are listed for whoever has a login."""

from datetime import UTC, datetime

import orjson
import pytest

from billing.providers.errors import KeyRefused, NotKnownThere, ProviderUnavailable
from billing.providers.facts import CoinPayment, PaymentSucceeded
from billing.providers.nowpayments.client import NowPayments
from billing.providers.protocol import CheckoutStatus
from tests.billing.providers.nowpayments.accounts import LOGIN, hurried, wish
from tests.billing.providers.nowpayments.on_record import recorded
from tests.billing.providers.recorded import Answer, RecordedServer, Request
from tests.sandbox.running_nowpayments import RunningNowPayments


@pytest.mark.parametrize(
    ("acts", "status", "fact"),
    [
        ([], CheckoutStatus.OPEN, type(None)),
        (["expire"], CheckoutStatus.OPEN, type(None)),
        (["expire", "short"], CheckoutStatus.COMPLETED, CoinPayment),
        (["short", "exact", "expire"], CheckoutStatus.COMPLETED, PaymentSucceeded),
    ],
)
def test_an_invoice_is_as_far_as_the_furthest_of_its_payments(
    nowpayments: RunningNowPayments,
    provider: NowPayments,
    acts: list[str],
    status: CheckoutStatus,
    fact: type[object],
) -> None:
    invoice = provider.create_checkout(wish())
    for act in acts:
        payment = provider.create_invoice_payment(invoice.id, coin="usdttrc20")
        nowpayments.act({"payment_id": payment.id}, act)

    state = provider.get_checkout(invoice.id)

    assert (state.id, state.status, type(state.fact)) == (invoice.id, status, fact)


def test_coins_that_were_sent_again_do_not_pay_an_invoice(
    nowpayments: RunningNowPayments, provider: NowPayments
) -> None:
    invoice = provider.create_checkout(wish())
    payment = provider.create_invoice_payment(invoice.id, coin="usdttrc20")
    nowpayments.act({"payment_id": payment.id}, "wrong")

    assert provider.get_checkout(invoice.id).status is CheckoutStatus.OPEN


def test_without_a_login_an_invoice_is_not_known(nowpayments: RunningNowPayments) -> None:
    provider = hurried(nowpayments.url)
    invoice = provider.create_checkout(wish())

    with pytest.raises(NotKnownThere):
        provider.get_checkout(invoice.id)
    with pytest.raises(KeyRefused):
        next(provider.list_payments())


def test_payments_are_listed_page_by_page_as_they_are_read() -> None:
    def page(request: Request) -> Answer:
        if request.method == "POST":
            return recorded("api.auth.response")
        data = [{"payment_id": 100 + int(request.query["page"])}, {"payment_id": None}]
        return Answer(200, orjson.dumps({"data": data, "pagesCount": 3}))

    with RecordedServer(page) as server:
        found = hurried(server.url, login=LOGIN).list_payments(since=datetime(2026, 1, 1, tzinfo=UTC))
        first = next(found).id
        asked_for_the_first = len(server.requests)
        others = [payment.id for payment in found]

    assert (first, asked_for_the_first, others) == ("100", 2, ["101", "102"])
    assert server.requests[1].headers["Authorization"] == "Bearer header.payload.signature-fixture"
    assert server.requests[1].query == {
        "limit": "500",
        "page": "0",
        "sortBy": "created_at",
        "orderBy": "desc",
        "dateFrom": "2026-01-01T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"data": [], "pagesCount": 9}', b'{"data": null, "pagesCount": "9"}']
)
def test_a_list_ends_where_nothing_follows(answer: bytes) -> None:
    def page(request: Request) -> Answer:
        return recorded("api.auth.response") if request.method == "POST" else Answer(200, answer)

    with RecordedServer(page) as server:
        assert list(hurried(server.url, login=LOGIN).list_payments()) == []


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"token": 7}', b'{"token": ""}', b'{"token": "a\\nb"}', b'{"token": "\\u7b7e"}']
)
def test_a_token_that_fits_in_no_header_is_garbled(answer: bytes) -> None:
    with (
        RecordedServer(lambda _: Answer(200, answer)) as server,
        pytest.raises(ProviderUnavailable) as failure,
    ):
        list(hurried(server.url, login=LOGIN).list_payments())

    assert failure.value.operation == "POST /v1/auth"


def test_payments_are_listed_by_time(nowpayments: RunningNowPayments, provider: NowPayments) -> None:
    payment = provider.get_payment(provider.create_payment(wish(), coin="btc").id)

    found = list(provider.list_payments(since=payment.created_at, until=payment.created_at))

    assert payment.id in [each.id for each in found]
