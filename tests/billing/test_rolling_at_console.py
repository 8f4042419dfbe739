"""A console's key is rolled so that never two keys spend the same credit, wherever it is cut short."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from billing.errors import KeyIssuerUnavailable, NothingToShow
from billing.models import KeyIntent, Order, Review
from billing.providers.key_console import KeyConsole
from billing.services import claims, foreign_keys, showing
from tests.billing.consoles import RunningConsole
from tests.billing.paying import paid
from tests.billing.test_delivery import delivered, steps
from tests.factories.accounts import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(console: RunningConsole) -> Order:
    return delivered(paid())


def later(order: Order) -> None:
    KeyIntent.objects.filter(order=order).update(go_on_at=timezone.now() - timedelta(seconds=1))


def test_the_new_key_is_the_only_one_and_may_spend_what_was_left(
    console: RunningConsole, order: Order
) -> None:
    [old] = console.keys(order.reference)

    showing.roll(order)

    [new] = console.keys(order.reference)
    assert new["id"] != old["id"]
    assert new["remain_quota"] == old["remain_quota"]
    assert order.foreign_key_id == str(new["id"])
    assert showing.secret_of(order) == f"sk-{new['key']}"
    assert steps(order)[-1] == "rolled"
    assert foreign_keys.due() == []


def test_a_key_can_be_rolled_again_and_again(console: RunningConsole, order: Order) -> None:
    for _time in range(3):
        showing.roll(order)

    assert len(console.keys(order.reference)) == 1
    assert steps(order).count("rolled") == 3


def test_a_saved_key_is_shown_again_when_it_was_rolled(order: Order) -> None:
    showing.save(order)

    showing.roll(order)

    assert showing.secret_of(order) is not None


def test_its_owner_can_still_roll_a_key_that_was_claimed(order: Order) -> None:
    claims.claim(order, UserFactory.create())

    showing.roll(order)

    assert showing.secret_of(order) is not None


def test_a_key_that_the_console_has_deleted_cannot_be_rolled(console: RunningConsole, order: Order) -> None:
    console.delete(order.foreign_key_id)

    with pytest.raises(NothingToShow):
        showing.roll(order)


@pytest.mark.parametrize("path", ["search", "token/", ""])
@pytest.mark.parametrize("fault", [{"mode": "fail"}, {"mode": "reset", "after_work": True}])
def test_what_a_fault_cuts_short_is_finished_by_rolling_again(
    console: RunningConsole, order: Order, fault: dict[str, object], path: str
) -> None:
    console.fail(**fault, path=path)
    with pytest.raises(KeyIssuerUnavailable):
        showing.roll(order)
    console.fail()

    showing.roll(order)

    [key] = console.keys(order.reference)
    assert order.foreign_key_id == str(key["id"])
    assert showing.secret_of(order) == f"sk-{key['key']}"


def test_what_a_fault_cuts_short_is_finished_by_the_sweep(console: RunningConsole, order: Order) -> None:
    console.fail(mode="reset", after_work=True, path="token/")
    with pytest.raises(KeyIssuerUnavailable):
        showing.roll(order)
    foreign_keys.go_on(order.pk)
    console.fail()
    later(order)
    assert foreign_keys.due() == [order.pk]

    foreign_keys.go_on(order.pk)
    foreign_keys.go_on(order.pk)

    order.refresh_from_db()
    [key] = console.keys(order.reference)
    assert order.foreign_key_id == str(key["id"])
    assert foreign_keys.due() == []


def test_a_console_that_makes_no_new_key_is_told_to_a_person(
    order: Order, monkeypatch: pytest.MonkeyPatch, console: RunningConsole
) -> None:
    console.make(order.reference, under=f"{order.reference}-1", quota=1)  # so that our wish is refused

    with pytest.raises(KeyIssuerUnavailable):
        showing.roll(order)

    review = Review.objects.get()
    assert (review.reason, review.order) == ("not_delivered", order)
    assert "refused" in review.detail


def test_of_two_who_delete_the_old_key_together_neither_is_told_of_a_fault(
    console: RunningConsole, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = KeyConsole.delete

    def delete_twice(self: KeyConsole, key_id: str) -> None:
        console.delete(key_id)
        delete(self, key_id)

    monkeypatch.setattr(KeyConsole, "delete", delete_twice)

    showing.roll(order)

    assert len(console.keys(order.reference)) == 1
    assert not Review.objects.exists()


def test_a_key_that_was_rolled_meanwhile_is_not_rolled_once_more(order: Order) -> None:
    stale = Order.objects.get(pk=order.pk)
    showing.roll(order)

    foreign_keys._begin_roll(stale, quota_left=5)

    intent = KeyIntent.objects.get()
    assert (intent.number, intent.ended_at is None) == (1, False)


def test_a_key_that_is_rolled_by_many_at_once_leaves_one(console: RunningConsole, order: Order) -> None:
    results = together(4, lambda _: showing.roll(Order.objects.get(pk=order.pk)))

    [key] = console.keys(order.reference)
    order.refresh_from_db()
    # One who comes when the old key is gone and the new one not yet there has nothing to roll.
    assert {type(result) for result in results} <= {type(None), NothingToShow}
    assert None in results
    assert not Review.objects.exists()
    assert order.foreign_key_id == str(key["id"])


def test_the_console_is_never_asked_inside_a_transaction(order: Order) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        foreign_keys.ask(order.key_intent)
