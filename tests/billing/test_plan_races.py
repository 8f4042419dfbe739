"""Payments for plans that meet: one plan lives, every payment is worth its money, and the books agree."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.services import customers
from billing import tasks
from billing.errors import CannotBeCancelled
from billing.models import Order, Payment, PlanSwitch, Refund, Subscription, SubscriptionPeriod
from billing.services import refunds, subscription_wishes, subscriptions
from ledger.money import NANO_USD_PER_CREDIT, usd
from ledger.services import accounts
from tests.billing import plan_shop, renewing
from tests.factories.accounts import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_workers_begin_one_plan() -> None:
    user = UserFactory.create()
    order = plan_shop.paid("starter", user, dollars=10)

    assert together(8, lambda _: tasks.deliver_order(order.pk)) == [None] * 8

    account = accounts.open_for(customers.of_user(user))
    assert (account.main_balance_nano_usd, account.wallet_balance_nano_usd) == (usd("12"), 0)
    assert Subscription.objects.count() == 1
    assert plan_shop.books_agree()


@pytest.mark.parametrize(
    "slugs", [["starter"] * 4, ["starter", "pro", "starter", "pro"]], ids=["same", "two"]
)
def test_payments_that_meet_leave_one_live_plan_and_lose_nothing(slugs: list[str]) -> None:
    user = UserFactory.create()
    dollars = {"starter": 10, "pro": 50}
    placed = [plan_shop.paid(slug, user, dollars=dollars[slug]) for slug in slugs]

    assert together(len(placed), lambda number: tasks.deliver_order(placed[number].pk)) == [None] * len(
        placed
    )

    account = accounts.open_for(customers.of_user(user))
    [live] = Subscription.objects.live()
    assert not Order.objects.exclude(state="delivered").exists()
    left = SubscriptionPeriod.objects.filter(withdrawn_at__isnull=False)
    switched = sum(switch.credited_nano_usd or 0 for switch in PlanSwitch.objects.all())
    assert account.wallet_balance_nano_usd == switched + sum(map(_price, left))
    assert SubscriptionPeriod.objects.count() == len(placed)
    assert account.main_balance_nano_usd == live.plan.main_nano_usd
    assert plan_shop.books_agree()


def _price(period: SubscriptionPeriod) -> int:
    return period.price_cents * NANO_USD_PER_CREDIT


def test_a_refund_that_meets_the_delivery_leaves_no_plan_behind() -> None:
    user, clerk = UserFactory.create(), UserFactory.create()
    order = plan_shop.paid("starter", user, dollars=10)

    def refund() -> None:
        refunds.refund(order, 1000, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    together(2, lambda number: refund() if number else tasks.deliver_order(order.pk))

    account = accounts.open_for(customers.of_user(user))
    assert subscriptions.live_of(account.customer) is None
    assert (account.main_balance_nano_usd, account.wallet_balance_nano_usd) == (0, 0)
    assert plan_shop.books_agree()


def test_the_end_of_a_plan_that_meets_its_successor_ends_one_plan_alone() -> None:
    user = UserFactory.create()
    first = plan_shop.paid("starter", user, dollars=10)
    tasks.deliver_order(first.pk)
    Subscription.objects.update(ends_at=timezone.now(), closes_at=timezone.now())
    second = plan_shop.paid("pro", user, dollars=50)

    together(2, lambda number: tasks.tend_plans() if number else tasks.deliver_order(second.pk))

    [live] = Subscription.objects.live()
    assert live.order == second
    assert accounts.open_for(customers.of_user(user)).main_balance_nano_usd == usd("60")
    assert plan_shop.books_agree()


def test_renewals_and_a_cancel_at_once_make_one_order_each_and_one_plan_lives() -> None:
    user = UserFactory.create()
    plan, other = renewing.begun(user=user, days_ago=31), renewing.taken("pro", user=user, dollars=50)
    acts: list[Callable[[], object]] = [
        *(lambda: _ignoring_lost_races(lambda: renewing.hear(plan.paid(1))) for _copy in range(3)),
        lambda: _ignoring_lost_races(lambda: subscription_wishes.cancel(plan.order.customer)),
        lambda: renewing.hear(plan.says("active")),
        lambda: renewing.hear(plan.says("scheduled_cancel", "scheduled_cancel")),
        lambda: renewing.hear(other.paid()),
        tasks.tend_plans,
        tasks.sweep_subscriptions,
    ]

    together(len(acts), lambda number: acts[number]())
    for order in Order.objects.filter(deliver_at__isnull=False):
        tasks.deliver_order(order.pk)

    assert Payment.objects.count() == Order.objects.count() == 3
    assert [live.plan.slug for live in Subscription.objects.live()] == ["pro"]
    assert plan.ours.wish == "cancel_now"
    renewal = Order.objects.get(renewal_of=plan.ours)
    assert renewal.state in {"delivered", "refunded"}
    assert plan_shop.books_agree()


def _ignoring_lost_races(act: Callable[[], object]) -> None:
    """Do it; of two who record one payment at once, the inbox tries the second again.

    A cancel that comes after another is refused, as it should be.
    """
    with suppress(IntegrityError, CannotBeCancelled):
        act()
