"""Keys that a foreign console makes: one for an order, whatever goes wrong between us."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing.models import KeyIntent, Order
from billing.services import delivery, foreign_keys, order_secrets
from ledger.models import Entry
from ledger.services import proof
from redemption.services import proof as redemption_proof
from tests.billing.consoles import RunningConsole
from tests.billing.paying import paid
from tests.billing.test_delivery import delivered, later, steps
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

QUOTA = 3_825_000  # 7.65 USD
Result = Order.Result


def clear(order: Order, *, after: timedelta) -> None:
    """Let the sweep look for a given-up key, so long after it was given up."""
    KeyIntent.objects.filter(order=order).update(
        asked_at=timezone.now() - after, ended_at=timezone.now() - after
    )
    foreign_keys.go_on(order.pk)


def test_a_guest_gets_a_key_of_the_console(console: RunningConsole) -> None:
    order = delivered(paid())

    [key] = console.keys(order.reference)
    assert (order.result, order.foreign_key_id, order.api_key) == (Result.KEY, str(key["id"]), None)
    assert order.foreign_base_url == f"{console.sandbox.url}/v1"
    assert order_secrets.opened(order) == f"sk-{key['key']}"
    assert key["remain_quota"] == QUOTA


def test_its_credit_lives_at_the_console_and_not_in_our_books(console: RunningConsole) -> None:
    order = delivered(paid())

    assert not Entry.objects.exists()
    assert order.key_intent.ended_at is not None
    assert proof.discrepancies() == []


def test_a_user_needs_no_console(console: RunningConsole) -> None:
    console.fail(mode="fail")

    assert delivered(paid(user=UserFactory.create())).result == Result.WALLET


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "fail", "status": 500},
        {"mode": "fail", "status": 429, "retry_after": "3"},
        {"mode": "garbage"},
        {"mode": "truncate"},
        {"mode": "reset"},
        {"mode": "reset", "after_work": True},
    ],
)
def test_a_console_that_fails_is_asked_again_and_makes_one_key(
    console: RunningConsole, fault: dict[str, object]
) -> None:
    order = paid()
    console.fail(**fault)
    delivered(order)
    assert (order.state, order.delivery_attempts) == (Order.State.DELIVERING, 1)
    assert timezone.now() < (order.deliver_at or timezone.now()) <= timezone.now() + timedelta(seconds=2)
    console.fail()
    later(order)

    delivered(order)

    assert order.result == Result.KEY
    assert len(console.keys(order.reference)) == 1


def test_a_console_that_keeps_failing_makes_it_a_code(console: RunningConsole) -> None:
    order = paid()
    console.fail(mode="fail")

    for _try in range(delivery.KEY_TRIES):
        later(order)
        delivered(order)

    assert (order.result, order.foreign_key_id) == (Result.CODE, "")
    assert steps(order)[-2:] == ["key_failed", "delivered"]
    assert "status=500" in order.key_intent.last_error
    assert redemption_proof.discrepancies() == []


def test_a_console_that_refuses_makes_it_a_code_at_once(console: RunningConsole, settings: Settings) -> None:
    settings.KEY_CONSOLE_TOKEN = "wrong"

    order = delivered(paid())

    assert order.result == Result.CODE
    assert (order.delivery_attempts, order.key_intent.is_given_up) == (1, True)


def test_a_key_that_was_made_and_given_up_is_deleted_at_the_console(console: RunningConsole) -> None:
    order = paid()
    console.fail(mode="reset", after_work=True)
    for _try in range(delivery.KEY_TRIES):
        later(order)
        delivered(order)
    console.fail()
    assert len(console.keys(order.reference)) == 1
    assert foreign_keys.due() == [order.pk]

    foreign_keys.go_on(order.pk)

    assert console.keys(order.reference) == []
    assert foreign_keys.due() == []


def test_a_key_whose_order_is_refunded_is_deleted_at_the_console(console: RunningConsole) -> None:
    order = delivered(paid())
    assert len(console.keys(order.reference)) == 1

    foreign_keys.stop(order)
    assert foreign_keys.due() == [order.pk]
    foreign_keys.go_on(order.pk)

    assert console.keys(order.reference) == []
    order.key_intent.refresh_from_db()
    assert order.key_intent.is_given_up


def test_a_stopped_key_is_deleted_once_a_console_that_was_away_is_back(console: RunningConsole) -> None:
    order = delivered(paid())
    foreign_keys.stop(order)
    console.fail(mode="reset")
    foreign_keys.go_on(order.pk)
    console.fail()
    assert len(console.keys(order.reference)) == 1

    foreign_keys.go_on(order.pk)

    assert console.keys(order.reference) == []


def test_a_request_that_arrives_after_it_was_given_up_is_looked_for(
    console: RunningConsole, settings: Settings
) -> None:
    settings.KEY_CONSOLE_TOKEN = "wrong"
    order = delivered(paid())
    settings.KEY_CONSOLE_TOKEN = "sandbox-console-token"
    foreign_keys.go_on(order.pk)
    console.make(order.reference, under=order.reference, quota=QUOTA)

    clear(order, after=foreign_keys.LOOK_AGAIN_FOR * 2)

    assert console.keys(order.reference) == []
    order.key_intent.refresh_from_db()
    assert order.key_intent.go_on_at is None


def test_a_console_that_is_away_when_a_key_is_to_be_deleted_is_asked_again(console: RunningConsole) -> None:
    order = paid()
    console.fail(mode="reset", after_work=True)
    for _try in range(delivery.KEY_TRIES):
        later(order)
        delivered(order)

    clear(order, after=foreign_keys.LOOK_AGAIN_FOR * 2)

    order.key_intent.refresh_from_db()
    assert order.key_intent.go_on_at is not None
    assert len(console_keys_once_it_is_back(console, order)) == 1


def console_keys_once_it_is_back(console: RunningConsole, order: Order) -> list[dict[str, object]]:
    console.fail()
    return console.keys(order.reference)


def test_a_key_of_a_delivered_order_is_never_deleted(console: RunningConsole) -> None:
    order = delivered(paid())

    foreign_keys.go_on(order.pk)

    assert len(console.keys(order.reference)) == 1


def test_an_order_that_is_claimed_while_the_console_is_asked_goes_to_the_wallet(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid()
    ask = foreign_keys.ask

    def claim_meanwhile(intent: KeyIntent) -> object:
        key = ask(intent)
        order.customer.user = UserFactory.create()
        order.customer.save(update_fields=["user"])
        return key

    monkeypatch.setattr(foreign_keys, "ask", claim_meanwhile)

    delivered(order)
    foreign_keys.go_on(order.pk)

    assert order.result == Result.WALLET
    assert console.keys(order.reference) == []


def test_a_changed_quota_of_the_settings_does_not_change_what_was_asked(
    console: RunningConsole, settings: Settings
) -> None:
    order = paid()
    console.fail(mode="reset", after_work=True)
    delivered(order)
    console.fail()
    settings.KEY_CONSOLE_QUOTA_PER_USD = 1
    later(order)

    delivered(order)

    assert order.result == Result.KEY
    assert [key["remain_quota"] for key in console.keys(order.reference)] == [QUOTA]


def test_an_issuer_that_is_changed_during_a_try_is_asked_in_the_next(console: RunningConsole) -> None:
    order = paid()

    delivery._finish(order.pk)

    order.refresh_from_db()
    assert order.state == Order.State.PAID
    assert delivered(order).result == Result.KEY
    assert len(console.keys(order.reference)) == 1
