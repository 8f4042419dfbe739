"""The sweeps of delivery nudge what is left to do, and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import tasks
from billing.models import KeyIntent, Order, Review
from tests.billing.paying import paid
from tests.factories import billing as make
from tests.factories.redemption import issued_batch

pytestmark = pytest.mark.django_db


def test_orders_that_are_due_are_nudged(nudges: list[tuple[str, int]]) -> None:
    order = paid()

    tasks.sweep_deliveries()

    assert ("billing.tasks.deliver_order", order.pk) in nudges


def test_what_takes_long_is_told_by_the_sweep(nudges: list[tuple[str, int]]) -> None:
    order = paid()
    Order.objects.update(paid_at=timezone.now() - timedelta(hours=1))

    tasks.sweep_deliveries()

    assert [review.order for review in Review.objects.all()] == [order]
    assert nudges


def test_what_is_left_to_do_at_the_console_is_nudged(nudges: list[tuple[str, int]]) -> None:
    package = make.package()
    given_up, going_on = paid(package), paid(package)
    now = timezone.now()
    KeyIntent.objects.create(order=given_up, quota=1, ended_at=now, is_given_up=True, go_on_at=now)
    KeyIntent.objects.create(order=going_on, quota=1)

    tasks.sweep_foreign_keys()

    assert nudges == [("billing.tasks.go_on_with_key", given_up.pk)]


def test_spent_codes_are_forgotten_by_the_clock() -> None:
    tasks.forget_spent_codes()


@pytest.mark.django_db(transaction=True)
def test_orders_that_disagree_with_the_books_are_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    order = paid()
    tasks.prove_the_orders()
    quiet = [record for record in caplog.records if record.levelname == "ERROR"]
    Order.objects.update(deliver_at=None)

    tasks.prove_the_orders()

    assert quiet == []
    assert f"order {order.reference}" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_codes_that_disagree_with_the_books_are_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    batch = issued_batch()
    batch.chunks.update(sealed_codes=None)

    tasks.prove_the_orders()

    assert f"of batch {batch.pk}" in caplog.text
