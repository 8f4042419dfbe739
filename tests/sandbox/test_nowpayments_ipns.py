"""Notifications: shaped as captured ones, signed as JavaScript signs, sent again, and mistreated as told."""

from itertools import pairwise
from typing import Any

import orjson
import pytest

from tests.sandbox.nowpayments_record import kinds, recorded
from tests.sandbox.receiver import Delivery, Receiver
from tests.sandbox.running_nowpayments import CLOCK_SCALE, RunningNowPayments, in_order, ipn_signature

CAPTURED = "ipn.finished.payment-api.captured"
HEADER = "x-nowpayments-sig"


def test_a_finished_payment_is_told_exactly_as_a_captured_one(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.paid()

    told = last(ipn_receiver).event

    captured = recorded(CAPTURED)
    assert list(told) == list(captured)
    assert list(told["fee"]) == list(captured["fee"])
    assert {**kinds(told), "order_id": "str"} == kinds(captured)
    assert kinds(told["fee"]) == kinds(captured["fee"])


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (None, "ipn.1-waiting.constructed"),
        ("expire", "ipn.expired.constructed"),
        ("dust", "ipn.failed-below-minimum.constructed"),
        ("short", "ipn.partially_paid.constructed"),
    ],
)
def test_every_end_is_told_as_known(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver, act: str | None, name: str
) -> None:
    payment = nowpayments.payment()
    if act is not None:
        nowpayments.act(payment, act)
    nowpayments.notifications()

    told, known = last(ipn_receiver).event, recorded(name)

    assert told["payment_status"] == known["payment_status"]
    assert {**kinds(told), "invoice_id": "number"} == kinds(known)


def test_a_child_is_told_as_known(nowpayments: RunningNowPayments, ipn_receiver: Receiver) -> None:
    nowpayments.act(nowpayments.paid(), "short")

    told = last(ipn_receiver).event

    assert {**kinds(told), "invoice_id": "number"} == kinds(
        recorded("ipn.repeat-deposit-finished.constructed")
    )


def test_the_bytes_are_compact_and_sorted_and_what_is_signed(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.paid(order_description="积分 €")

    delivery = last(ipn_receiver)

    as_sent = orjson.dumps(delivery.event, option=orjson.OPT_SORT_KEYS)
    assert b" " not in delivery.body.replace("积分 €".encode(), b"")
    assert list(orjson.loads(as_sent)) == list(delivery.event)
    assert delivery.headers[HEADER] == ipn_signature(delivery.body)
    assert delivery.headers["Content-Type"] == "application/json"


def test_tiny_figures_are_printed_as_javascript_prints_them(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.spell(tiny_fees=True, times=1)
    nowpayments.payment()
    nowpayments.notifications()

    delivery = last(ipn_receiver)

    assert b'"depositFee":1e-7,"serviceFee":0.000083' in delivery.body
    assert delivery.headers[HEADER] == ipn_signature(delivery.body)


def test_an_unsorted_body_is_signed_sorted(nowpayments: RunningNowPayments, ipn_receiver: Receiver) -> None:
    nowpayments.spell(unsorted=True)
    nowpayments.paid()

    delivery = last(ipn_receiver)

    assert next(iter(delivery.event)) == "payment_id"
    assert delivery.headers[HEADER] != ipn_signature(delivery.body)


@pytest.mark.parametrize(("arrays", "is_of_the_bytes"), [("kept", True), ("as_objects", False)])
def test_children_can_be_listed_and_signed_in_two_manners(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver, arrays: str, *, is_of_the_bytes: bool
) -> None:
    first = nowpayments.paid()
    second = nowpayments.act(first, "exact")
    nowpayments.spell(arrays=arrays, times=1)
    nowpayments.act(first, "refund")

    delivery = last(ipn_receiver)

    assert delivery.event["payment_extra_ids"] == [second["payment_id"]]
    assert (delivery.headers[HEADER] == ipn_signature(delivery.body)) == is_of_the_bytes


@pytest.mark.parametrize(
    ("spelling", "kind"), [({"iso_dates": True}, str), ({"without_updated_at": True}, type(None)), ({}, int)]
)
def test_times_are_told_in_three_manners(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver, spelling: dict[str, bool], kind: type[object]
) -> None:
    nowpayments.spell(**spelling)
    nowpayments.payment()
    nowpayments.notifications()

    assert type(last(ipn_receiver).event.get("updated_at")) is kind


def test_a_forged_notification_is_signed_by_somebody_else(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.spell(forged=True, times=1)
    nowpayments.payment()
    nowpayments.notifications()

    delivery = last(ipn_receiver)

    assert len(delivery.headers[HEADER]) == 128
    assert delivery.headers[HEADER] != ipn_signature(delivery.body)


def test_a_notification_that_nobody_takes_is_sent_three_times_again(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    ipn_receiver.statuses = [500] * 9
    nowpayments.payment()

    notification = nowpayments.notifications()[-1]

    assert (notification["state"], outcomes(notification)) == ("given_up", [500] * 4)
    times = [attempt["at"] for attempt in notification["attempts"]]
    assert min(later - earlier for earlier, later in pairwise(times)) > 60_000 / CLOCK_SCALE - 2


def test_a_notification_that_is_taken_at_last_is_the_same(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    ipn_receiver.statuses = [302, 404]
    nowpayments.payment()

    notification = nowpayments.notifications()[-1]

    assert outcomes(notification) == [302, 404, 200]
    assert len({delivery.body for delivery in ipn_receiver.deliveries}) == 1


def test_a_payment_that_named_no_address_is_told_to_nobody(nowpayments: RunningNowPayments) -> None:
    nowpayments.payment()

    assert nowpayments.notifications()[-1]["state"] == "dropped"


def test_a_dropped_notification_comes_only_when_it_is_resent(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.handle(drop=True, times=1)
    nowpayments.payment()
    notification = nowpayments.notifications()[-1]
    assert ipn_receiver.deliveries == []

    nowpayments.control(f"/notifications/{notification['id']}/resend")

    nowpayments.notifications()
    [delivery] = ipn_receiver.deliveries
    assert delivery.body.decode() == notification["body"]


def test_a_duplicated_notification_comes_as_often_as_told(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.handle(copies=3, times=1)
    nowpayments.payment()
    nowpayments.notifications()

    assert [delivery.body for delivery in ipn_receiver.deliveries] == [last(ipn_receiver).body] * 3


def test_shuffled_notifications_come_in_another_order(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.handle(shuffle=5, seed=1, times=5)
    nowpayments.paid()

    told = [delivery.event["payment_status"] for delivery in ipn_receiver.deliveries]

    in_order = ["waiting", "confirming", "confirmed", "sending", "finished"]
    assert sorted(told) == sorted(in_order)
    assert told != in_order


def test_a_delayed_notification_lets_others_pass(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.handle(delay_seconds=0.3 * CLOCK_SCALE, times=1)

    late, early = nowpayments.payment(), nowpayments.payment()

    nowpayments.notifications()
    told = [str(delivery.event["payment_id"]) for delivery in ipn_receiver.deliveries]
    assert told == [early["payment_id"], late["payment_id"]]


@pytest.mark.parametrize(
    "name", ["ipn.non-payment.withdrawal.docs", "ipn.non-payment.custodial-recurring.docs"]
)
def test_anything_can_be_told_signed_and_true_or_not(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver, name: str
) -> None:
    nowpayments.control("/notifications", {"url": ipn_receiver.url, "body": recorded(name)})
    nowpayments.notifications()

    delivery = last(ipn_receiver)

    assert delivery.event == recorded(name)
    assert delivery.headers[HEADER] == ipn_signature(delivery.body)


def test_every_call_and_every_notification_is_on_record_without_secrets(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    since = max((entry["number"] for entry in nowpayments.traffic()), default=0)
    nowpayments.paid(order_id="ref-7")

    entries = nowpayments.traffic(since=since)

    assert [entry["status"] for entry in entries if entry["what"] == "api"] == [201, 200]
    assert [entry["outcome"] for entry in entries if entry["what"] == "ipn"] == [200] * 5
    assert "ref-7" in entries[0]["body"]
    assert last(ipn_receiver).headers[HEADER] not in str(entries)


def last(receiver: Receiver) -> Delivery:
    return in_order(receiver.deliveries)[-1]


def outcomes(notification: dict[str, Any]) -> list[Any]:
    return [outcome for attempt in notification["attempts"] for outcome in attempt["outcomes"]]
