"""Creem's API misbehaves exactly as told, and its traffic is on record."""

from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ReadTimeout
from requests.exceptions import ConnectionError as NoAnswer

from tests.sandbox.receiver import Receiver
from tests.sandbox.running import RunningSandbox
from tests.sandbox.running_creem import API_KEY, WEBHOOK_SECRET, RunningCreem


def opened(creem: RunningCreem) -> int:
    """Return how many checkouts were ever opened for this reference."""
    state = (creem.sandbox.state_dir / "creem.jsonl").read_text()
    return state.count('"request_id":"counted"')


def open_counted(creem: RunningCreem) -> requests.Response:
    return creem.api("POST", "/checkouts", json={"product_id": "prod_standard", "request_id": "counted"})


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_call_fails_with_the_status_asked_for_in_creems_shape(creem: RunningCreem, status: int) -> None:
    creem.fail(mode="fail", status=status, retry_after="7", times=1)

    failed, next_one = (
        creem.api("GET", "/products/prod_standard"),
        creem.api("GET", "/products/prod_standard"),
    )

    assert (failed.status_code, failed.headers["Retry-After"]) == (status, "7")
    assert set(failed.json()) == {"trace_id", "status", "error", "message", "timestamp"}
    assert next_one.status_code == 200


def test_a_failure_can_spare_all_but_one_address(creem: RunningCreem) -> None:
    creem.fail(mode="fail", path="/transactions/search", times=1)

    spared = creem.api("GET", "/products/prod_standard")
    failed = creem.api("GET", "/transactions/search")

    assert (spared.status_code, failed.status_code) == (200, 500)


@pytest.mark.parametrize(("after_work", "made"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("mode", ["fail", "garbage"])
def test_a_call_that_fails_has_done_its_work_only_if_told_so(
    creem: RunningCreem, mode: str, *, after_work: bool, made: int
) -> None:
    before = opened(creem)
    creem.fail(mode=mode, after_work=after_work, times=1)

    open_counted(creem)

    assert opened(creem) - before == made


def test_garbage_is_the_page_of_a_proxy_that_calls_itself_fine(creem: RunningCreem) -> None:
    creem.fail(mode="garbage", times=1)

    answer = creem.api("GET", "/products/prod_standard")

    assert answer.status_code == 200
    assert answer.text.startswith("<html>")


def test_a_truncated_answer_breaks_off_when_the_work_is_done(creem: RunningCreem) -> None:
    before = opened(creem)
    creem.fail(mode="truncate", times=1)

    with pytest.raises(ChunkedEncodingError, match="IncompleteRead"):
        open_counted(creem)

    assert opened(creem) - before == 1


def test_a_connection_is_reset(creem: RunningCreem) -> None:
    creem.fail(mode="reset", times=1)

    with pytest.raises(NoAnswer, match="reset by peer"):
        creem.api("GET", "/products/prod_standard")


@pytest.mark.parametrize(("after_work", "made"), [(False, 0), (True, 1)])
def test_a_caller_who_gives_up_on_a_stall_never_learns_whether_it_was_done(
    creem: RunningCreem, *, after_work: bool, made: int
) -> None:
    before = opened(creem)
    creem.fail(mode="stall", seconds=60, after_work=after_work, times=1)

    with pytest.raises(ReadTimeout):
        requests.post(
            f"{creem.url}/v1/checkouts",
            json={"product_id": "prod_standard", "request_id": "counted"},
            headers={"x-api-key": API_KEY},
            timeout=0.2,
        )

    assert opened(creem) - before == made


@pytest.mark.parametrize("mode", ["stall", "drip"])
def test_a_slow_answer_is_the_true_answer(creem: RunningCreem, mode: str) -> None:
    creem.fail(mode=mode, seconds=0.0001, times=1)

    answer = creem.api("GET", "/products/prod_standard")

    assert answer.json()["id"] == "prod_standard"


@pytest.mark.parametrize(
    "order",
    [{"mode": "explode"}, {"mode": "fail", "status": 200}, {"seconds": -1}, {"times": 0}, {"x": 1}, []],
)
def test_a_fault_that_cannot_be_is_refused_and_changes_nothing(creem: RunningCreem, order: Any) -> None:
    creem.fail(mode="fail", status=418)

    answer = creem.control("/api", order)

    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert creem.sandbox.request("GET", "/control/creem/api").json()["status"] == 418


def test_every_call_and_every_delivery_is_on_record_without_secrets(
    creem: RunningCreem, receiver: Receiver
) -> None:
    since = creem.traffic()[-1]["number"] if creem.traffic() else 0
    creem.fail(mode="fail", status=429, times=1)
    creem.api("GET", "/products", params={"product_id": "prod_standard"})
    paid = creem.paid(request_id="ref-7")
    event = creem.events()[-1]

    entries = creem.traffic(since=since)

    told = [(each["what"], each.get("method"), each.get("path"), each.get("status")) for each in entries]
    assert sorted(told, key=str) == [
        ("api", "GET", "/creem/v1/checkouts", 200),
        ("api", "GET", "/creem/v1/products", 429),
        ("api", "POST", "/creem/v1/checkouts", 200),
        ("webhook", None, None, None),
    ]
    [delivery] = [each for each in entries if each["what"] == "webhook"]
    assert (delivery["event_id"], delivery["outcome"], delivery["url"]) == (event["id"], 200, receiver.url)
    assert entries[0]["query"] == {"product_id": "prod_standard"}
    assert "ref-7" in entries[1]["body"]
    assert paid["id"] in entries[1]["answer"]
    assert API_KEY not in str(entries)
    assert WEBHOOK_SECRET not in str(entries)


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/products", {"id": "prod_x"}),
        ("/products", [{"name": "x", "price": 100, "currency": "USD"}]),
        ("/products", [{"id": "prod_x", "name": "x", "price": 1, "currency": "USD"}]),
        ("/events", {"object": {}}),
        ("/events", []),
        ("/events/evt_none/resend", {}),
        ("/webhooks/url", {"url": None}),
        ("/checkouts/ch_none/pay", {"email": "a@example.com"}),
        ("/checkouts/ch_none/expire", {}),
        ("/transactions/tran_none/dispute", {}),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(creem: RunningCreem, path: str, order: Any) -> None:
    answer = creem.control(path, order)

    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


def test_a_test_can_pay_without_a_page(creem: RunningCreem) -> None:
    checkout = creem.checkout()

    answer = creem.control(f"/checkouts/{checkout['id']}/pay", {"email": "a@example.com"})

    assert answer.json()["status"] == "completed"
    assert creem.get_checkout(checkout["id"])["customer"]["email"] == "a@example.com"


def test_paying_twice_without_a_page_is_paying_once(creem: RunningCreem) -> None:
    paid = creem.paid()

    again = creem.control(f"/checkouts/{paid['id']}/pay", {"email": "another@example.com"})

    assert again.json()["order_id"] == paid["order"]["id"]
    assert creem.get_checkout(paid["id"]) == paid


def test_what_is_paid_does_not_expire(creem: RunningCreem) -> None:
    paid = creem.paid()

    assert creem.control(f"/checkouts/{paid['id']}/expire").status_code == 400
    assert creem.get_checkout(paid["id"])["status"] == "completed"


def test_a_disputed_payment_is_gone(creem: RunningCreem) -> None:
    transaction_id = creem.paid()["order"]["transaction"]

    statuses = [
        creem.control(f"/transactions/{transaction_id}/{act}").status_code
        for act in ("dispute", "dispute", "refund")
    ]

    transaction = creem.api("GET", "/transactions", params={"transaction_id": transaction_id}).json()
    assert statuses == [200, 400, 400]
    assert (transaction["status"], transaction["refunded_amount"]) == ("chargedBack", 1000)


def test_the_dashboard_refunds_disputes_and_resends(creem: RunningCreem, receiver: Receiver) -> None:
    transactions = [creem.paid()["order"]["transaction"] for _ in range(2)]
    event_id = creem.events()[-1]["id"]

    answers = [
        creem.sandbox.request("POST", f"/creem/{path}")
        for path in (
            f"transactions/{transactions[0]}/refund",
            f"transactions/{transactions[1]}/dispute",
            f"events/{event_id}/resend",
        )
    ]

    creem.events()
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert sorted(receiver.kinds) == ["checkout.completed"] * 3 + ["dispute.created", "refund.created"]
    assert creem.sandbox.request("POST", f"/creem/transactions/{transactions[1]}/refund").status_code == 409


def test_a_live_key_plays_a_live_store(tmp_path: Any) -> None:
    with RunningSandbox(tmp_path, "--creem-api-key=creem_live", "--creem-webhook-url=http://x") as sandbox:
        creem = RunningCreem(sandbox)
        product = [{"id": "prod_standard", "name": "x", "price": 100, "currency": "USD"}]
        creem.control("/products", product)

        checkout = creem.api("POST", "/checkouts", key="creem_live", json={"product_id": "prod_standard"})

    assert checkout.json()["mode"] == "prod"
