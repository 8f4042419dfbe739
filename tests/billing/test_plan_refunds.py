"""Refunds of a plan: in parts, before its delivery, after a switch; those that fail and are made again."""

import pytest
from django.db.models import Sum

from accounts.models import User
from billing.models import Order, Refund, Subscription
from billing.services import payments, refund_quotes, refunds
from ledger.money import usd
from tests.billing.plan_shop import account_of, books_agree
from tests.billing.renewing import CardPlan, begun, hear, taken
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def back(plan: CardPlan, cents: int) -> Refund:
    order = Order.objects.get(pk=plan.order.pk)
    clerk = UserFactory.create()
    return refunds.refund(order, cents, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)


def wallet(user: User) -> int:
    return account_of(user).wallet_balance_nano_usd


def about(dollars: str, amount: int) -> bool:
    """Tell whether it is so much, but for the moments that the test took."""
    return abs(amount - usd(dollars)) < usd("0.01")


def gone(order: Order) -> int:
    """Return what the refunds that stand took of an order, in nano-USD."""
    standing = Refund.objects.standing().filter(order=order)
    return int(standing.aggregate(sum=Sum("credit_nano_usd", default=0))["sum"])


def test_a_plan_that_was_refunded_before_its_delivery_is_cancelled_at_its_provider(user: User) -> None:
    plan = taken(user=user)
    payments.apply(plan.paid())

    back(plan, 1000)

    assert (plan.ours.end, plan.ours.wish) == ("needless", "cancel_now")
    assert account_of(user).period is None
    hear(plan.paid(1))
    assert Refund.objects.get(origin=Refund.Origin.RENEWAL).amount_cents == 1000
    assert books_agree()


def test_should_that_refund_fail_what_was_paid_is_credit(user: User) -> None:
    plan = taken(user=user)
    payments.apply(plan.paid())
    refund = back(plan, 1000)

    refunds.give_up(refund, why="no")
    hear(plan.paid())

    assert wallet(user) == usd("10")
    assert Subscription.objects.live().count() == 0
    assert books_agree()


def test_a_refund_that_failed_and_is_made_again_takes_the_credit_back(user: User) -> None:
    plan = begun(user=user, days_ago=14)
    refunds.give_up(back(plan, 1000), why="no")
    assert about("5", wallet(user))

    again = back(plan, 1000)

    assert wallet(user) == 0
    assert about("5", again.taken_nano_usd)
    refunds.give_up(again, why="no")
    assert about("5", wallet(user))
    back(plan, 1000)
    assert wallet(user) == 0
    assert books_agree()


def test_each_of_two_refunds_that_ended_a_plan_has_its_part_of_what_was_unused(user: User) -> None:
    plan = begun(user=user, days_ago=14)
    first, second = back(plan, 400), back(plan, 600)
    assert plan.ours.end == "refunded"
    assert about("5", gone(plan.order))

    refunds.give_up(first, why="no")
    assert about("2", wallet(user))
    refunds.give_up(second, why="no")

    assert about("5", wallet(user))
    assert books_agree()


def test_a_part_of_a_refund_takes_its_part_of_what_a_switch_credited(user: User) -> None:
    plan, other = begun(user=user, days_ago=7), taken("pro", user=user, dollars=50)
    hear(other.paid())
    credited = wallet(user)

    first = back(plan, 400)
    assert wallet(user) == credited - -(-credited * 2 // 5)
    back(plan, 600)
    assert wallet(user) == 0

    refunds.give_up(first, why="no")
    assert wallet(user) == -(-credited * 2 // 5)
    third = back(plan, 400)
    assert (wallet(user), third.debt_nano_usd) == (0, 0)
    assert gone(plan.order) == credited
    assert books_agree()


def test_what_is_fair_to_give_back_is_a_part_of_what_is_left_of_the_price(user: User) -> None:
    plan = begun(user=user, days_ago=14)
    back(plan, 400)

    quote = refund_quotes.quote(Order.objects.get(pk=plan.order.pk))

    assert (quote.left_cents, quote.credit_nano_usd) == (600, 0)
    assert quote.fair_cents in {299, 300}


def test_a_part_of_a_plan_that_nobody_left_takes_nothing_and_ends_nothing(user: User) -> None:
    plan = begun(user=user, days_ago=7)

    refund = back(plan, 999)

    assert refund.credit_nano_usd == 0
    assert plan.ours.is_of_use
    refunds.give_up(refund, why="no")
    assert (wallet(user), plan.ours.is_of_use) == (0, True)
    assert books_agree()
