"""Payments move as coins arrive, as the clock goes on and as the merchant decides, and each end is known."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import running_nowpayments
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import RunningSandbox
from tests.sandbox.running_nowpayments import RunningNowPayments, in_order

WAY = ["waiting", "confirming", "confirmed", "sending"]


@pytest.mark.parametrize(
    ("act", "end", "way"),
    [
        ("exact", "finished", WAY),
        ("over", "finished", WAY),
        ("short", "partially_paid", WAY),
        ("dust", "failed", WAY[:2]),
        ("expire", "expired", WAY[:1]),
        ("fail", "failed", WAY[:1]),
    ],
)
def test_a_payment_goes_step_by_step_to_its_end(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver, act: str, end: str, way: list[str]
) -> None:
    payment = nowpayments.paid(act)

    assert payment["payment_status"] == end
    assert told(ipn_receiver, payment) == [*way, end]


@pytest.mark.parametrize(
    ("act", "arrived", "worth"),
    [("exact", 25.14375, 25), ("short", 15.08625, 15), ("over", 27.658125, 27.5), ("expire", 0, 0)],
)
def test_what_arrived_is_counted_in_coins_and_valued_in_the_end(
    nowpayments: RunningNowPayments, act: str, arrived: float, worth: float
) -> None:
    payment = nowpayments.paid(act)

    assert payment["pay_amount"] == pytest.approx(25.14375, abs=1e-6)
    assert payment["actually_paid"] == pytest.approx(arrived, abs=1e-6)
    assert payment["actually_paid_at_fiat"] == pytest.approx(worth, abs=1e-6)


def test_the_worth_is_often_not_told(nowpayments: RunningNowPayments) -> None:
    nowpayments.choose(tells_worth=False)

    payment = nowpayments.paid()

    assert (payment["payment_status"], payment["actually_paid_at_fiat"]) == ("finished", 0)


def test_the_merchant_gets_what_the_fees_leave(nowpayments: RunningNowPayments) -> None:
    payment = nowpayments.paid()

    fees = 0.133779 + 0.005 * payment["actually_paid"]
    assert payment["outcome_currency"] == "usdttrc20"
    assert payment["outcome_amount"] == pytest.approx(payment["actually_paid"] - fees, abs=1e-6)


@pytest.mark.parametrize("act", ["exact", "short"])
def test_coins_that_come_late_are_taken_all_the_same(nowpayments: RunningNowPayments, act: str) -> None:
    expired = nowpayments.paid("expire")

    late = nowpayments.act(expired, act)

    assert late["payment_id"] == expired["payment_id"]
    assert late["payment_status"] == ("finished" if act == "exact" else "partially_paid")


def test_a_payment_expires_by_the_clock(nowpayments: RunningNowPayments) -> None:
    payment = nowpayments.payment(is_fixed_rate=True)

    with Receiver() as receiver:
        other = nowpayments.payment(is_fixed_rate=True, ipn_callback_url=receiver.url)
        wait_for(receiver, 2)

    assert told(receiver, other) == ["waiting", "expired"]
    assert nowpayments.get(payment["payment_id"])["payment_status"] == "expired"


@pytest.mark.parametrize(("rule", "end"), [("finished", "finished"), ("partially_paid", "partially_paid")])
@pytest.mark.parametrize("amount", ["0.01", "25.14375"])
def test_coins_that_are_sent_again_are_a_payment_of_their_own_that_looks_like_the_first(
    nowpayments: RunningNowPayments, rule: str, end: str, amount: str
) -> None:
    nowpayments.choose(repeated_deposits=rule)
    first = nowpayments.paid()

    second = nowpayments.deposit(first, amount)

    assert second["parent_payment_id"] == first["payment_id"] != second["payment_id"]
    assert (second["payment_status"], second["actually_paid"]) == (end, float(amount))
    copied = ("order_id", "price_amount", "pay_amount", "pay_address", "purchase_id")
    assert {name: second[name] for name in copied} == {name: first[name] for name in copied}
    assert nowpayments.get(first["payment_id"])["payment_extra_ids"] == [second["payment_id"]]


def test_coins_that_are_sent_again_to_a_child_belong_to_its_parent(nowpayments: RunningNowPayments) -> None:
    first = nowpayments.paid()
    second = nowpayments.act(first, "exact")

    third = nowpayments.act(second, "exact")

    assert third["parent_payment_id"] == first["payment_id"]
    extra_ids = nowpayments.get(first["payment_id"])["payment_extra_ids"]
    assert extra_ids == [second["payment_id"], third["payment_id"]]


def test_another_coin_is_a_payment_of_its_own_in_that_coin(nowpayments: RunningNowPayments) -> None:
    first = nowpayments.payment()

    wrong = nowpayments.act(first, "wrong")

    assert (wrong["pay_currency"], wrong["payment_status"]) == ("usdtbsc", "finished")
    assert wrong["parent_payment_id"] == int(first["payment_id"])
    assert nowpayments.get(first["payment_id"])["payment_status"] == "waiting"


def test_the_right_coins_after_wrong_ones_pay_the_payment_that_asks(
    nowpayments: RunningNowPayments,
) -> None:
    first = nowpayments.payment()
    wrong = nowpayments.act(first, "wrong")

    right = nowpayments.deposit(wrong, str(first["pay_amount"]), coin="usdttrc20")

    assert (str(right["payment_id"]), right["payment_status"]) == (first["payment_id"], "finished")


def test_another_coin_is_not_told_of_while_the_merchant_sees_to_it_by_hand(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    nowpayments.choose(wrong_assets="manual")
    first = nowpayments.payment()

    answer = nowpayments.control(f"/payments/{first['payment_id']}/wrong")

    nowpayments.notifications()
    assert answer.json() is None
    assert told(ipn_receiver, first) == ["waiting"]
    assert nowpayments.get(first["payment_id"])["payment_extra_ids"] == []


@pytest.mark.parametrize(
    ("act", "end"), [("finish", "finished"), ("cancel", "cancelled"), ("refund", "refunded")]
)
def test_the_merchant_decides_about_a_partly_paid_payment(
    nowpayments: RunningNowPayments, act: str, end: str
) -> None:
    assert nowpayments.act(nowpayments.paid("short"), act)["payment_status"] == end


def test_a_paid_payment_is_sent_back(nowpayments: RunningNowPayments) -> None:
    refunded = nowpayments.act(nowpayments.paid(), "refund")

    assert (refunded["payment_status"], refunded["outcome_amount"]) == ("refunded", None)


@pytest.mark.parametrize(
    ("before", "act"),
    [
        ("exact", "expire"),
        ("exact", "fail"),
        ("exact", "finish"),
        ("expire", "refund"),
        ("expire", "cancel"),
        ("exact", "dance"),
    ],
)
def test_what_cannot_happen_is_refused_and_changes_nothing(
    nowpayments: RunningNowPayments, before: str, act: str
) -> None:
    payment = nowpayments.paid(before)

    answer = nowpayments.control(f"/payments/{payment['payment_id']}/{act}")

    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert nowpayments.get(payment["payment_id"]) == payment


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/payments/1/exact", {}),
        ("/payments/1/deposit", {"amount": "1"}),
        ("/rules", {"repeated_deposits": "manual"}),
        ("/rules", {"wrong_assets": "ignored"}),
        ("/rules", {"x": 1}),
        ("/rules", []),
        ("/notifications", {"body": {}}),
        ("/notifications/1/resend", {}),
        ("/ipns", {"copies": 0}),
        ("/ipns/spelling", {"arrays": "lost"}),
        ("/api", {"mode": "explode"}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(
    nowpayments: RunningNowPayments, path: str, order: Any
) -> None:
    answer = nowpayments.control(path, order)

    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


@pytest.mark.parametrize("order", [{}, {"amount": "0"}, {"amount": "x"}, {"amount": "1", "coin": "doge"}])
def test_a_deposit_that_makes_no_sense_is_refused(nowpayments: RunningNowPayments, order: Any) -> None:
    payment = nowpayments.payment()

    assert nowpayments.control(f"/payments/{payment['payment_id']}/deposit", order).status_code == 400


@pytest.mark.parametrize(
    ("case", "end"),
    [
        ("success", "finished"),
        ("failed", "failed"),
        ("failure", "failed"),
        ("partially_paid", "partially_paid"),
        ("common", "waiting"),
    ],
)
def test_a_case_is_played_by_itself(nowpayments: RunningNowPayments, case: str, end: str) -> None:
    payment = nowpayments.payment(case=case)

    nowpayments.notifications()

    assert payment["payment_status"] == "waiting"
    assert nowpayments.get(payment["payment_id"])["payment_status"] == end


def test_what_was_on_its_way_goes_on_after_a_kill(tmp_path: Path) -> None:
    with Receiver(500) as receiver:
        with RunningSandbox(tmp_path, "--nowpayments-clock-scale=60") as sandbox:
            nowpayments = RunningNowPayments(sandbox)
            payment = nowpayments.payment(ipn_callback_url=receiver.url)
            nowpayments.control(f"/payments/{payment['payment_id']}/exact")
            sandbox.stop(signal.SIGKILL)
        with RunningSandbox(tmp_path, *running_nowpayments.OPTIONS) as sandbox:
            nowpayments = RunningNowPayments(sandbox)
            nowpayments.notifications()
            ended = nowpayments.get(payment["payment_id"])

    assert ended["payment_status"] == "finished"
    assert set(told(receiver, payment)) == {*WAY, "finished"}


def told(receiver: Receiver, payment: dict[str, Any]) -> list[str]:
    """Return the states that were told of a payment, in the order of its moves."""
    events = [delivery.event for delivery in in_order(receiver.deliveries)]
    return [each["payment_status"] for each in events if each["payment_id"] == int(payment["payment_id"])]


def wait_for(receiver: Receiver, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(receiver.deliveries) < count and time.monotonic() < deadline:
        time.sleep(0.01)
