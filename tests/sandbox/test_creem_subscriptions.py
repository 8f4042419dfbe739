"""Subscriptions at the local Creem: what the API answers, what is told, and what can be let happen."""

from itertools import pairwise
from typing import Any

import orjson
import pytest

from sandbox.creem import months
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import ROOT
from tests.sandbox.running_creem import RunningCreem, as_object
from tests.sandbox.test_creem_webhooks import shape

FIXTURES = ROOT / "tests" / "fixtures" / "creem"
DAY_SECONDS = 24 * 60 * 60
MONTH_MS = 27 * DAY_SECONDS * 1000


def recorded(name: str) -> Any:
    return orjson.loads((FIXTURES / f"{name}.json").read_bytes())


def told(creem: RunningCreem, receiver: Receiver) -> list[dict[str, Any]]:
    """Return the events that came, in the order in which they were made."""
    creem.events()
    events = [delivery.event for delivery in receiver.deliveries]
    return sorted(events, key=lambda event: event["created_at"])


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


def named(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [event] = [event for event in events if event["eventType"] == kind]
    about = event["object"]
    assert isinstance(about, dict)
    return about


def test_a_first_payment_is_told_three_times_as_captured(creem: RunningCreem, receiver: Receiver) -> None:
    subscription = creem.subscribed(metadata={"reference": "ref-1"})

    events = told(creem, receiver)

    assert sorted(kinds(events)) == ["checkout.completed", "subscription.active", "subscription.paid"]
    paid, checkout = named(events, "subscription.paid"), named(events, "checkout.completed")
    captured = recorded("webhook.subscription.paid.captured")["object"]
    for each in (paid, captured):
        for part in ("product", "customer"):
            each.pop(part)
    assert shape(paid) == shape(captured)
    assert paid["last_transaction_id"] == checkout["order"]["transaction"]
    assert paid["last_transaction"]["order"] == checkout["order"]["id"]
    assert (checkout["subscription"]["id"], checkout["order"]["type"]) == (subscription["id"], "recurring")
    assert checkout["subscription"]["product"] == "prod_monthly"
    assert paid["metadata"] == {"reference": "ref-1"}


def test_a_renewal_is_another_transaction_for_the_next_month(creem: RunningCreem, receiver: Receiver) -> None:
    first = creem.subscribed()

    second = creem.make(first, "renew")

    assert second["current_period_start_date"] == first["current_period_end_date"]
    assert second["last_transaction_id"] != first["last_transaction_id"]
    transaction = as_object(
        creem.api("GET", "/transactions", params={"transaction_id": second["last_transaction_id"]})
    )
    assert (transaction["subscription"], transaction["type"]) == (first["id"], "invoice")
    assert transaction["period_end"] - transaction["period_start"] > MONTH_MS
    assert kinds(told(creem, receiver)).count("subscription.paid") == 2


@pytest.mark.parametrize(
    ("acts", "status", "told_of"),
    [
        ([("fail", {})], "past_due", "past_due"),
        ([("fail", {}), ("fail", {})], "unpaid", "unpaid"),
        ([("fail", {}), ("fail", {}), ("fail", {})], "canceled", "canceled"),
        ([("fail", {"to": "unpaid"})], "unpaid", "unpaid"),
        ([("fail", {}), ("recover", {})], "active", "paid"),
        ([("pause", {})], "paused", "paused"),
        ([("pause", {}), ("resume", {})], "active", "update"),
        ([("cancel", {"mode": "scheduled"})], "scheduled_cancel", "scheduled_cancel"),
        ([("cancel", {"mode": "scheduled"}), ("resume", {})], "active", "update"),
        ([("cancel", {"mode": "scheduled"}), ("end-period", {})], "canceled", "canceled"),
        ([("cancel", {"mode": "scheduled", "at_end": "pause"}), ("end-period", {})], "paused", "paused"),
        ([("cancel", {})], "canceled", "canceled"),
        ([("end-period", {})], "active", "paid"),
        ([("expire", {})], "expired", "expired"),
    ],
)
def test_what_happens_is_told_and_answered(
    creem: RunningCreem, receiver: Receiver, acts: list[tuple[str, dict[str, str]]], status: str, told_of: str
) -> None:
    subscription = creem.subscribed()
    for act, wish in acts:
        subscription = creem.make(subscription, act, **wish)

    assert subscription["status"] == status
    last = told(creem, receiver)[-1]
    assert last["eventType"] == f"subscription.{told_of}"
    # As at Creem, one that expired says that it is active.
    assert last["object"]["status"] == ("active" if status == "expired" else status)
    assert (subscription["canceled_at"] is not None) == (status == "canceled")


def test_a_trial_costs_nothing_until_it_ends(creem: RunningCreem, receiver: Receiver) -> None:
    trial = creem.subscribed(product_id="prod_trial")
    events = told(creem, receiver)
    order = named(events, "checkout.completed")["order"]
    assert sorted(kinds(events)) == ["checkout.completed", "subscription.trialing"]
    assert (order["amount"], order["transaction"]) == (0, None)
    assert "last_transaction" not in trial
    assert trial["status"] == "trialing"

    paid = creem.make(trial, "end-trial")

    assert (paid["status"], paid["last_transaction"]["amount"]) == ("active", 500)


def test_the_api_cancels_pauses_resumes_and_upgrades(creem: RunningCreem) -> None:
    subscription = creem.subscribed()
    path = f"/subscriptions/{subscription['id']}"

    def ask(act: str, **wish: str) -> str:
        status = as_object(creem.api("POST", f"{path}/{act}", json=wish))["status"]
        assert isinstance(status, str)
        return status

    assert ask("pause") == "paused"
    assert ask("resume") == "active"
    assert ask("cancel", mode="scheduled", onExecute="cancel") == "scheduled_cancel"
    assert ask("resume") == "active"
    assert ask("upgrade", product_id="prod_yearly") == "active"
    changed = creem.subscription(subscription["id"])
    assert (changed["product"]["id"], changed["last_transaction"]["amount"]) == ("prod_yearly", 5000)
    assert ask("cancel", mode="immediate") == "canceled"
    for act in ("pause", "resume", "cancel", "upgrade"):
        assert creem.api("POST", f"{path}/{act}", json={"product_id": "prod_yearly"}).status_code == 400
    assert creem.api("POST", "/subscriptions/sub_none/pause").status_code == 404


def test_the_api_finds_subscriptions(creem: RunningCreem) -> None:
    subscription = creem.subscribed()
    creem.make(subscription, "pause")

    paused = as_object(creem.api("GET", "/subscriptions/search", params={"status": "paused"}))

    assert subscription["id"] in {each["id"] for each in paused["items"]}
    assert {each["status"] for each in paused["items"]} == {"paused"}
    missing = creem.api("GET", "/subscriptions", params={"subscription_id": "sub_none"})
    assert missing.status_code == 404


@pytest.mark.parametrize("act", ["refund", "dispute"])
def test_money_of_a_renewal_goes_back(creem: RunningCreem, receiver: Receiver, act: str) -> None:
    renewed = creem.make(creem.subscribed(metadata={"reference": "ref-1"}), "renew")

    assert creem.control(f"/transactions/{renewed['last_transaction_id']}/{act}").ok

    about = named(told(creem, receiver), f"{act}.created")
    assert about["transaction"]["id"] == renewed["last_transaction_id"]
    assert about["subscription"]["id"] == about["transaction"]["subscription"] == renewed["id"]
    assert about["checkout"]["metadata"] == {"reference": "ref-1"}


def test_one_that_began_long_ago_can_be_moved_on(creem: RunningCreem) -> None:
    long_ago = creem.subscribed(seconds_ago=31 * DAY_SECONDS)
    moved = creem.make(long_ago, "move", seconds=DAY_SECONDS)

    assert long_ago["current_period_start_date"] < moved["current_period_start_date"]
    listed = creem.sandbox.request("GET", "/control/creem/subscriptions").json()
    assert long_ago["id"] in {each["id"] for each in listed}
    assert creem.control(f"/subscriptions/{long_ago['id']}/explode").status_code == 400


def test_people_cancel_in_the_portal_and_everything_else_in_the_dashboard(creem: RunningCreem) -> None:
    subscription = creem.subscribed(customer={"email": "portal@example.com"})
    customer = subscription["customer"]["id"]
    link = as_object(creem.api("POST", "/customers/billing", json={"customer_id": customer}))
    portal = link["customer_portal_link"].removeprefix(creem.sandbox.url)
    assert "Cancel at the end of the period" in creem.sandbox.request("GET", portal).text

    page = creem.sandbox.request("POST", f"/creem/my-orders/{customer}/{subscription['id']}/cancel")
    assert "Resume" in page.text
    assert creem.subscription(subscription["id"])["status"] == "scheduled_cancel"

    page = creem.sandbox.request("POST", f"/creem/subscriptions/{subscription['id']}/end-period")
    assert subscription["id"] in page.text
    assert creem.subscription(subscription["id"])["status"] == "canceled"
    refused = creem.sandbox.request("POST", f"/creem/subscriptions/{subscription['id']}/renew")
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("days", "fault"), [(-1, "trial_days"), ("7", "trial_days"), (91, "trial_days")], ids=str
)
def test_a_trial_has_so_many_days(creem: RunningCreem, days: object, fault: str) -> None:
    product = {"name": "x", "description": "x", "price": 500, "currency": "USD", "trial_days": days}
    monthly = {**product, "billing_type": "recurring", "billing_period": "every-month"}

    assert fault in creem.api("POST", "/products", json=monthly).text


def test_months_are_counted_from_the_first_day() -> None:
    january = 1_801_389_600_000  # 2027-01-31
    ends = [months.end(january, periods=number, period="every-month") for number in range(4)]

    days = [(end - start) // (DAY_SECONDS * 1000) for start, end in pairwise(ends)]
    assert days == [28, 31, 30]
    assert months.end(january, periods=1, period="every-year") - january == 365 * DAY_SECONDS * 1000


def test_what_follows_a_trial_by_itself_is_a_month(creem: RunningCreem) -> None:
    trial = creem.subscribed(product_id="prod_trial")

    paid = creem.make(trial, "end-period")["last_transaction"]

    assert paid["period_end"] - paid["period_start"] > MONTH_MS


def test_one_that_was_moved_is_renewed_for_a_month(creem: RunningCreem) -> None:
    for days in (1, 14, -28):
        moved = creem.make(creem.subscribed(), "move", seconds=days * DAY_SECONDS)
        paid = creem.make(moved, "renew")["last_transaction"]
        assert MONTH_MS < paid["period_end"] - paid["period_start"] < MONTH_MS + 8 * DAY_SECONDS * 1000


def test_units_are_charged_each_time(creem: RunningCreem) -> None:
    first = creem.subscribed(units=3)

    assert creem.make(first, "renew")["last_transaction"]["amount"] == 1500
    assert first["items"][0]["units"] == 3


@pytest.mark.parametrize("act", ["fail", "expire", "pause", "cancel", "renew"])
def test_what_is_canceled_stays_so(creem: RunningCreem, act: str) -> None:
    gone = creem.make(creem.subscribed(), "cancel")

    assert creem.control(f"/subscriptions/{gone['id']}/{act}").status_code == 400
    assert creem.subscription(gone["id"])["status"] == "canceled"
    assert "next_transaction_date" not in gone


def test_what_is_paused_is_not_charged(creem: RunningCreem) -> None:
    paused = creem.make(creem.subscribed(), "pause")

    assert creem.make(paused, "end-period") == paused
