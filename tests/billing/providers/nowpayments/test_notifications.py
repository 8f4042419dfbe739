"""A notification is kept as it came, and what it is about is asked for before it is believed."""

from typing import Any

import orjson
import pytest

from billing.providers.errors import NotKnownThere
from billing.providers.facts import CoinPayment, CoinState, Mode, Unknown
from billing.providers.nowpayments.client import NowPayments
from tests.billing.providers.nowpayments.accounts import hurried
from tests.billing.providers.nowpayments.on_record import fixture, signed, wire
from tests.sandbox.running_nowpayments import IPN_SECRET, RunningNowPayments


@pytest.mark.parametrize(
    ("name", "event_id", "kind"),
    [
        ("5-finished.constructed", "5800567260:finished:20.115:2025-12-09T03:03:20+00:00", "finished"),
        ("confirming.invoice.captured", "4562642554:confirming:1.70073759:", "confirming"),
        (
            "repeat-deposit-tiny-fee.constructed",
            "5800567262:partially_paid:0.0000001:2025-12-09T08:36:40+00:00",
            "partially_paid",
        ),
    ],
)
def test_a_notification_is_known_by_what_it_tells(name: str, event_id: str, kind: str) -> None:
    event = read(wire(f"ipn.{name}"))

    assert (event.id, event.kind) == (event_id, f"payment.{kind}")


@pytest.mark.parametrize("change", [b'"finished"', b"20.115,", b"1765249400000"])
def test_whatever_else_is_told_is_another_notification(change: bytes) -> None:
    body = wire("ipn.5-finished.constructed")
    others = {b'"finished"': b'"refunded"', b"20.115,": b"20.116,", b"1765249400000": b"1765249400001"}
    other = body.replace(change, others[change])

    assert read(body).id != read(other).id


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (wire("ipn.non-payment.withdrawal.docs"), "not a payment"),
        (wire("ipn.non-payment.custodial-recurring.docs"), "not a payment"),
        (b'{"payment_id": 5745459419.0}', "not a payment"),
        (b"[]", "unreadable"),
        (b"", "unreadable"),
    ],
)
def test_what_is_no_payment_is_kept_and_known_by_its_bytes(body: bytes, kind: str) -> None:
    event = read(body)

    assert event == read(body)
    assert (event.id[:7], event.kind) == ("sha256:", kind)
    assert isinstance(hurried().confirm(body), Unknown)


def test_nothing_is_believed_that_was_only_told() -> None:
    fact = hurried().read_fact(wire("ipn.finished.payment-api.captured"))

    assert type(fact) is Unknown
    assert (fact.is_incomplete, fact.mode) == (False, Mode.TEST)
    assert fact.reference == fixture("ipn.finished.payment-api.captured")["order_id"]


def test_a_payment_is_what_it_is_when_asked_for_whatever_was_told(
    nowpayments: RunningNowPayments, provider: NowPayments
) -> None:
    payment = nowpayments.payment()
    body = orjson.dumps(fixture("ipn.5-finished.constructed") | {"payment_id": int(payment["payment_id"])})

    fact = provider.confirm(body)

    assert isinstance(fact, CoinPayment)
    assert (fact.state, fact.is_incomplete) == (CoinState.WAITING, False)


def test_a_payment_that_is_not_ours_is_not_confirmed(provider: NowPayments) -> None:
    with pytest.raises(NotKnownThere):
        provider.confirm(wire("ipn.finished.payment-api.captured"))


@pytest.mark.parametrize("act", ["exact", "short"])
def test_coins_that_were_sent_again_are_confirmed_as_such(
    nowpayments: RunningNowPayments, provider: NowPayments, act: str
) -> None:
    first = nowpayments.paid()
    child = nowpayments.act(first, act)

    fact = provider.confirm(orjson.dumps({"payment_id": child["payment_id"]}))

    assert isinstance(fact, CoinPayment)
    assert (fact.parent_id, fact.state, fact.is_incomplete) == (
        str(first["payment_id"]),
        CoinState.FINISHED,
        True,
    )
    assert provider.get_payment(str(first["payment_id"])).repeated_ids == (str(child["payment_id"]),)


def read(body: bytes) -> Any:
    return hurried().read_webhook(body, signed(body, IPN_SECRET))
