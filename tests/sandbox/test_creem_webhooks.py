"""Webhooks: shaped as captured ones, signed, sent again by Creem's schedule, and mistreated as told."""

import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.sandbox import running_creem
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import ROOT, RunningSandbox
from tests.sandbox.running_creem import CLOCK_SCALE, RunningCreem, webhook_signature

FIXTURES = ROOT / "tests" / "fixtures" / "creem"
SCHEDULE_SECONDS = [30, 300, 1800, 21600]


def shape(value: Any) -> Any:
    """Return what a value is made of: names in their order, and types."""
    if isinstance(value, dict):
        return [(name, shape(each)) for name, each in value.items() if name != "metadata"]
    return type(value).__name__


def recorded(name: str) -> Any:
    return orjson.loads((FIXTURES / name).read_bytes())


def test_a_payment_is_told_exactly_as_a_captured_one(creem: RunningCreem, receiver: Receiver) -> None:
    products = (
        '[{"id": "prod_url", "name": "x", "price": 1000, "currency": "USD", "default_success_url": "u"}]'
    )
    assert creem.control("/products", orjson.loads(products)).ok
    creem.paid(product_id="prod_url", metadata={"reference": "ref-1"})
    creem.events()

    [delivery] = receiver.deliveries

    captured = recorded("webhook.checkout.completed.onetime.captured.json")
    assert list(delivery.event) == ["eventType", "object", "id", "created_at"]
    assert shape(delivery.event["object"]) == shape(captured["object"])
    assert delivery.event["object"]["metadata"] == {"reference": "ref-1"}
    assert orjson.dumps(delivery.event) == delivery.body


@pytest.mark.parametrize(
    ("act", "fixture"),
    [
        ("refund", "webhook.refund.created.onetime-full.constructed.json"),
        ("dispute", "webhook.dispute.created.onetime.constructed.json"),
    ],
)
def test_what_takes_money_back_is_told_as_known(
    creem: RunningCreem, receiver: Receiver, act: str, fixture: str
) -> None:
    transaction_id = creem.paid(metadata={"reference": "ref-1"})["order"]["transaction"]
    assert creem.control(f"/transactions/{transaction_id}/{act}").ok
    creem.events()

    told = {delivery.event["eventType"]: delivery.event["object"] for delivery in receiver.deliveries}

    assert shape(told[f"{act}.created"]) == shape(recorded(fixture)["object"])


def test_a_partial_refund_says_how_much_and_why(creem: RunningCreem, receiver: Receiver) -> None:
    transaction_id = creem.paid()["order"]["transaction"]
    order = {"amount": 400, "reason": "other"}
    assert creem.control(f"/transactions/{transaction_id}/refund", order).ok
    creem.events()

    refund = receiver.deliveries[-1].event["object"]

    assert (refund["refund_amount"], refund["reason"]) == (400, "other")
    assert (refund["transaction"]["status"], refund["transaction"]["refunded_amount"]) == (
        "partialRefund",
        400,
    )


@pytest.mark.parametrize("amount", [0, -1, 1001, "all"])
def test_no_more_than_was_paid_is_given_back(creem: RunningCreem, amount: Any) -> None:
    transaction_id = creem.paid()["order"]["transaction"]

    answer = creem.control(f"/transactions/{transaction_id}/refund", {"amount": amount})

    assert answer.status_code == 400


def test_a_delivery_is_signed_over_its_bytes(creem: RunningCreem, receiver: Receiver) -> None:
    creem.paid(metadata={"note": "积分 €"})
    creem.events()

    [delivery] = receiver.deliveries

    assert "积分 €".encode() in delivery.body
    assert delivery.headers["creem-signature"] == webhook_signature(delivery.body)
    assert delivery.headers["Content-Type"] == "application/json"


def test_a_received_event_is_sent_once(creem: RunningCreem, receiver: Receiver) -> None:
    creem.paid()

    event = creem.events()[-1]

    assert len(receiver.deliveries) == 1
    assert (event["state"], outcomes(event)) == ("delivered", [200])


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_only_200_counts_as_received(creem: RunningCreem, receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    creem.paid()

    event = creem.events()[-1]

    assert outcomes(event) == [status, 200]
    assert len({delivery.body for delivery in receiver.deliveries}) == 1


def test_an_event_that_nobody_takes_is_tried_five_times_by_the_schedule(
    creem: RunningCreem, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 9
    creem.paid()

    event = creem.events()[-1]

    assert (event["state"], outcomes(event)) == ("given_up", [500] * 5)
    pauses_ms = [later["at"] - earlier["at"] for earlier, later in pairwise(event["attempts"])]
    due_ms = [seconds * 1000 / CLOCK_SCALE for seconds in SCHEDULE_SECONDS]
    assert [pause > due - 2 for pause, due in zip(pauses_ms, due_ms, strict=True)] == [True] * 4


def test_a_shop_that_is_not_there_is_tried_again(creem: RunningCreem) -> None:
    creem.send_webhooks_to("http://127.0.0.1:9/webhooks/creem")
    creem.paid()

    event = creem.events()[-1]

    assert event["state"] == "given_up"
    assert outcomes(event) == ["ClientConnectorError"] * 5


def test_a_resent_event_is_the_same_event(creem: RunningCreem, receiver: Receiver) -> None:
    creem.paid()
    event_id = creem.events()[-1]["id"]

    assert creem.control(f"/events/{event_id}/resend").ok

    creem.events()
    first, second = receiver.deliveries
    assert first.body == second.body
    assert second.event["id"] == event_id


def test_an_event_that_was_given_up_can_be_resent(creem: RunningCreem, receiver: Receiver) -> None:
    receiver.statuses = [500] * 6
    creem.paid()
    event_id = creem.events()[-1]["id"]

    creem.control(f"/events/{event_id}/resend")

    event = creem.events()[-1]
    assert (event["state"], outcomes(event)) == ("delivered", [500] * 6 + [200])


def test_a_dropped_event_comes_only_when_it_is_resent(creem: RunningCreem, receiver: Receiver) -> None:
    creem.handle(drop=True, times=1)
    creem.paid()
    [event] = [event for event in creem.events() if event["state"] == "dropped"][-1:]
    assert receiver.deliveries == []

    creem.control(f"/events/{event['id']}/resend")

    creem.events()
    assert [delivery.event["id"] for delivery in receiver.deliveries] == [event["id"]]


def test_a_duplicated_event_comes_as_often_as_told(creem: RunningCreem, receiver: Receiver) -> None:
    creem.handle(copies=3, times=1)

    creem.paid()

    creem.events()
    assert len(receiver.deliveries) == 3
    assert len({delivery.body for delivery in receiver.deliveries}) == 1


def test_a_copy_that_is_not_taken_brings_all_again(creem: RunningCreem, receiver: Receiver) -> None:
    creem.handle(copies=2, times=1)
    receiver.statuses = [200, 500]

    creem.paid()

    creem.events()
    assert len(receiver.deliveries) == 4


def test_shuffled_events_wait_for_each_other_and_come_in_another_order(
    creem: RunningCreem, receiver: Receiver
) -> None:
    creem.handle(shuffle=3, seed=1, times=3)
    transaction_id = creem.paid()["order"]["transaction"]
    creem.control(f"/transactions/{transaction_id}/refund", {"amount": 1})
    creem.events()
    before_the_third = list(receiver.kinds)

    creem.control(f"/transactions/{transaction_id}/dispute")

    creem.events()
    told = ["checkout.completed", "refund.created", "dispute.created"]
    assert before_the_third == []
    assert sorted(receiver.kinds) == sorted(told)
    assert receiver.kinds != told


def test_a_delayed_event_lets_others_pass(creem: RunningCreem, receiver: Receiver) -> None:
    creem.handle(delay_seconds=0.2 * CLOCK_SCALE, times=1)

    late, early = creem.paid(), creem.paid()

    creem.events()
    assert [delivery.event["object"]["id"] for delivery in receiver.deliveries] == [early["id"], late["id"]]


def test_any_event_can_be_told_signed_and_true_or_not(creem: RunningCreem, receiver: Receiver) -> None:
    creem.control("/events", {"eventType": "moon.landed", "object": {"id": "moon_1"}})
    creem.events()

    [delivery] = receiver.deliveries

    assert (delivery.event["eventType"], delivery.event["object"]) == ("moon.landed", {"id": "moon_1"})
    assert delivery.headers["creem-signature"] == webhook_signature(delivery.body)


@pytest.mark.parametrize(
    "order", [{"copies": 0}, {"shuffle": 0}, {"delay_seconds": -1}, {"times": 0}, {"speed": 1}, "drop"]
)
def test_a_mistreatment_that_cannot_be_is_refused_and_changes_nothing(
    creem: RunningCreem, order: Any
) -> None:
    creem.handle(copies=2)

    answer = creem.control("/webhooks", order)

    assert answer.status_code == 400
    assert creem.sandbox.request("GET", "/control/creem/webhooks").json()["handling"]["copies"] == 2


def test_what_was_sold_and_is_still_to_be_told_outlives_a_kill(tmp_path: Path) -> None:
    options = [*running_creem.OPTIONS[1:], "--creem-clock-scale=300"]
    with Receiver(500) as receiver:
        with RunningSandbox(tmp_path, *options, f"--creem-webhook-url={receiver.url}") as sandbox:
            creem = RunningCreem(sandbox)
            paid = creem.paid()
            creem.events(wait=0)
            sandbox.stop(signal.SIGKILL)
        with RunningSandbox(tmp_path, *options, f"--creem-webhook-url={receiver.url}") as sandbox:
            creem = RunningCreem(sandbox)
            [event] = creem.events()
            asked = creem.get_checkout(paid["id"])

    assert event["state"] == "delivered"
    assert {delivery.event["id"] for delivery in receiver.deliveries} == {event["id"]}
    assert asked["order"] == paid["order"]


def outcomes(event: dict[str, Any]) -> list[Any]:
    return [outcome for attempt in event["attempts"] for outcome in attempt["outcomes"]]
