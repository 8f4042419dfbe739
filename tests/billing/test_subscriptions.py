"""A plan by card: what Creem tells of it, in whichever order, and what becomes of it here."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from billing import tasks
from billing.models import InboxEvent, Order, OrderMail, Payment, Refund, Review, SubscriptionPeriod
from billing.services import cycles, subscription_wishes, subscriptions
from ledger.models import AccountAllowance
from ledger.money import usd
from tests.billing import plan_shop, renewing
from tests.billing.plan_shop import account_of, books_agree
from tests.billing.renewing import CardPlan, begun, hear, taken
from tests.factories.accounts import UserFactory

Outcome = InboxEvent.Outcome
GRACE = timedelta(days=settings.PLAN_GRACE_DAYS)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]


def allowance_of(plan: CardPlan) -> AccountAllowance:
    return AccountAllowance.objects.get(account__customer=plan.order.customer)


def let_pass(plan: CardPlan, days: float) -> None:
    plan_shop.age(plan.ours, days)
    plan.starts_at -= timedelta(days=days)


@pytest.mark.parametrize("order", list(permutations(["checkout", "active", "paid"])))
def test_the_first_payment_counts_once_whichever_webhook_comes_first(order: tuple[str, ...]) -> None:
    plan = taken()
    told = {
        "checkout": plan.paid(change="checkout.completed", period_start=None, period_end=None),
        "active": plan.says("active"),
        "paid": plan.paid(),
    }
    for name in [*order, *order]:  # what came too early is heard again
        hear(told[name])

    [period] = SubscriptionPeriod.objects.all()
    assert (Order.objects.get().result, Payment.objects.count()) == ("plan", 1)
    assert (plan.ours.renewal, plan.ours.state, plan.ours.closes_at) == ("card", "active", None)
    assert plan.ours.ends_at == period.ends_at == cycles.next_end(plan.starts_at, after=plan.starts_at)
    assert allowance_of(plan).period_ends_at == period.ends_at + GRACE
    assert books_agree()


def test_a_renewal_fills_the_pools_and_lets_the_rest_expire() -> None:
    user = UserFactory.create()
    plan = begun(user=user, days_ago=31)
    for _time in range(3):
        hear(plan.paid(1))

    renewal = Order.objects.latest("pk")
    [second, first] = SubscriptionPeriod.objects.all()
    assert (renewal.renewal_of, renewal.result, renewal.price_cents) == (plan.ours, "plan", 1000)
    assert (second.number, second.order, second.starts_at) == (2, renewal, first.ends_at)
    assert Payment.objects.count() == 2
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert OrderMail.objects.filter(order=renewal).values_list("kind", flat=True).get() == "plan_renewed"
    assert books_agree()


def test_a_renewal_that_is_paid_before_its_time_waits_for_it() -> None:
    plan = begun(days_ago=29)
    hear(plan.paid(1))
    assert SubscriptionPeriod.objects.get(number=2).begun_at is None

    let_pass(plan, 2)
    tasks.tend_plans()

    assert SubscriptionPeriod.objects.get(number=2).begun_at is not None
    assert plan.ours.ended_at is None


def test_workers_that_were_down_for_three_months_make_up_for_it() -> None:
    plan = begun(days_ago=100)

    hear(plan.paid(2), plan.paid(1), plan.paid(3))

    assert SubscriptionPeriod.objects.exclude(begun_at=None).count() == 4
    period = subscriptions.current_period(plan.ours)
    assert (period.ends_at, plan.ours.is_of_use) == (plan.ours.ends_at, True)
    assert account_of_plan(plan) == usd("12")
    assert books_agree()


def account_of_plan(plan: CardPlan) -> int:
    user = plan.order.customer.user
    assert user is not None
    return account_of(user).main_balance_nano_usd


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"amount_cents": 999}, "wrong_amount"),
        ({"currency": "EUR"}, "wrong_currency"),
        ({"product_id": "prod_other"}, "wrong_product"),
        ({"units": 2}, "wrong_units"),
    ],
)
@pytest.mark.parametrize("month", [0, 1])
def test_what_was_not_agreed_is_for_a_person(changed: dict[str, Any], reason: str, month: int) -> None:
    plan = begun(days_ago=31) if month else taken()
    before = SubscriptionPeriod.objects.count()

    applied = hear(plan.paid(month, **changed))

    assert applied.outcome is Outcome.REVIEW
    assert Review.objects.get().reason == reason
    assert SubscriptionPeriod.objects.count() == before


def test_a_payment_that_fails_has_days_of_grace_and_is_told_once() -> None:
    plan = begun(days_ago=31)
    hear(plan.says("past_due", "past_due"), plan.says("past_due", "past_due"))

    assert (plan.ours.state, plan.ours.used_until) == ("past_due", plan.ours.ends_at + GRACE)
    assert OrderMail.objects.filter(kind="renewal_failed").count() == 1
    assert subscriptions.live_of(plan.order.customer) is not None

    let_pass(plan, 4)
    tasks.tend_plans()
    assert subscriptions.live_of(plan.order.customer) is None
    assert subscriptions.held_by(plan.order.customer) == plan.ours

    hear(plan.paid(1))
    assert (plan.ours.state, plan.ours.is_of_use) == ("active", True)


@pytest.mark.parametrize("status", ["unpaid", "paused", "expired"])
def test_what_is_suspended_has_no_grace_and_goes_on_when_it_is_paid(status: str) -> None:
    plan = begun(days_ago=10)
    hear(plan.says(status, status))
    assert plan.ours.used_until == plan.ours.ends_at == allowance_of(plan).period_ends_at

    let_pass(plan, 22)
    tasks.tend_plans()
    assert (plan.ours.ended_at, plan.ours.is_of_use) == (None, False)

    hear(plan.paid(1))
    assert plan.ours.is_of_use


def test_a_cancellation_lets_the_plan_run_to_its_end_and_can_be_taken_back() -> None:
    plan = begun(days_ago=10)
    early = plan.says("scheduled_cancel", "scheduled_cancel")
    hear(early)
    assert plan.ours.closes_at == plan.ours.ends_at == allowance_of(plan).period_ends_at
    assert OrderMail.objects.filter(kind="plan_cancelled").count() == 1

    hear(plan.says("update"), early)
    assert (plan.ours.state, plan.ours.closes_at) == ("active", None)
    assert allowance_of(plan).period_ends_at == plan.ours.ends_at + GRACE

    hear(plan.says("scheduled_cancel", "scheduled_cancel"))
    let_pass(plan, 22)
    tasks.tend_plans()
    assert plan.ours.end == "cancelled"
    assert account_of_plan(plan) == 0


def test_what_creem_has_cancelled_runs_out_what_was_paid_and_comes_back_never() -> None:
    plan = begun(days_ago=10)
    late = plan.says("active")
    hear(plan.says("canceled", "canceled"), plan.says("active"), late)

    assert (plan.ours.state, plan.ours.is_of_use) == ("cancelled", True)
    let_pass(plan, 22)
    tasks.tend_plans()

    assert plan.ours.end == "cancelled"
    assert not subscription_wishes.due()


def test_what_creem_cancels_after_its_end_ends_at_once() -> None:
    plan = begun(days_ago=33)
    hear(plan.says("past_due", "past_due"), plan.says("canceled", "canceled"))

    assert plan.ours.end == "cancelled"


def test_a_plan_that_is_left_for_another_is_cancelled_and_a_renewal_of_it_given_back() -> None:
    user = UserFactory.create()
    old, new = begun(user=user, days_ago=7), taken("pro", user=user, dollars=50)
    hear(new.paid())

    assert (old.ours.end, old.ours.wish) == ("switched", "cancel_now")
    assert subscription_wishes.due() == [old.ours.pk]
    # A quarter of the month is over, and the moments that it took to pay.
    assert usd("7.4999") < account_of(user).wallet_balance_nano_usd <= usd("7.5")

    hear(old.paid(1))
    renewal = Order.objects.get(renewal_of=old.ours)
    assert (renewal.state, Refund.objects.get().amount_cents) == ("refunded", 1000)
    assert subscriptions.live_of(old.order.customer) == new.ours

    hear(old.says("canceled", "canceled"))
    assert (old.ours.wish, subscription_wishes.due()) == ("", [])
    assert books_agree()


def test_a_suspended_plan_gives_way_to_another_without_credit() -> None:
    user = UserFactory.create()
    old, new = begun(user=user, days_ago=40), taken("pro", user=user, dollars=50)
    hear(old.says("unpaid", "unpaid"))

    hear(new.paid())

    assert (old.ours.end, old.ours.wish) == ("switched", "cancel_now")
    assert account_of(user).wallet_balance_nano_usd == 0
    assert subscriptions.live_of(old.order.customer) == new.ours


def test_a_card_plan_beside_a_pass_of_the_same_is_credit_and_cancelled() -> None:
    user = UserFactory.create()
    tasks.deliver_order(plan_shop.paid("starter", user, dollars=10).pk)
    needless = renewing.taken(user=user)

    hear(needless.paid())

    assert (needless.ours.end, needless.ours.wish) == ("needless", "cancel_now")
    assert account_of(user).wallet_balance_nano_usd == usd("10")
    assert books_agree()


def test_a_trial_gives_its_share_for_nothing_and_the_first_payment_the_rest() -> None:
    plan = taken()
    until = timezone.now() + timedelta(days=6)
    hear(plan.says("trialing", "trialing", period_end=until))

    assert (plan.ours.state, Order.objects.get().is_paid) == ("trialing", False)
    assert account_of_plan(plan) == usd("12") * 6 // 30
    assert books_agree()

    let_pass(plan, 6)
    hear(plan.paid())
    assert (plan.ours.state, account_of_plan(plan)) == ("active", usd("12"))
    assert Order.objects.get().result == "plan"
    assert books_agree()


def test_a_subscription_for_what_is_sold_once_is_for_a_person() -> None:
    user = UserFactory.create()
    plan = taken(user=user)
    Order.objects.update(renews=False)

    assert hear(plan.paid()).outcome is Outcome.REVIEW
    assert Review.objects.get().reason == "wrong_product"


def test_what_is_told_before_the_order_is_delivered_waits() -> None:
    plan = taken()

    assert hear(plan.says("active")).outcome is None


@pytest.mark.parametrize(
    ("anchor", "ends"),
    [
        (datetime(2027, 1, 31, 9, tzinfo=UTC), [(2, 28), (3, 31), (4, 30), (5, 31)]),
        (datetime(2028, 1, 31, 9, tzinfo=UTC), [(2, 29), (3, 31), (4, 30), (5, 31)]),
        (datetime(2027, 12, 15, 9, tzinfo=UTC), [(1, 15), (2, 15), (3, 15), (4, 15)]),
    ],
)
def test_months_are_counted_from_the_anchor(anchor: datetime, ends: list[tuple[int, int]]) -> None:
    found, after = [], anchor
    for _month in ends:
        after = cycles.next_end(anchor, after=after)
        found.append((after.month, after.day))

    assert found == ends


@pytest.mark.parametrize("state", ["scheduled_cancel", "past_due"])
def test_a_plan_is_left_while_it_is_cancelled_or_its_payment_has_failed(state: str) -> None:
    user = UserFactory.create()
    old, new = begun(user=user, days_ago=14), taken("pro", user=user, dollars=50)
    hear(old.says(state, state))

    hear(new.paid())

    assert usd("4.9999") < account_of(user).wallet_balance_nano_usd <= usd("5")
    assert (old.ours.wish, new.ours.is_of_use) == ("cancel_now", True)
    hear(old.says("active"), old.says("canceled", "canceled"), old.says("scheduled_cancel", state))
    assert (old.ours.end, old.ours.wish, new.ours.state) == ("switched", "", "active")
    assert books_agree()
