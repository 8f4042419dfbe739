"""Payments for plans that meet: one plan lives, every payment is worth its money, and the books agree."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.models import Mode, Order, Payment, Plan, PlanSwitch, Refund, Subscription
from billing.services import orders, plans, proof, refunds, subscriptions
from billing.services.orders import Buyer
from ledger.money import usd
from ledger.services import accounts
from ledger.services import proof as ledger_proof
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def paid_for(slug: str, user: User, *, dollars: int) -> Order:
    """Return the paid order of a pass that is to be delivered."""
    plan = Plan.objects.filter(slug=slug).first() or make.plan(slug, dollars=dollars)
    buyer = Buyer(email=user.email, language="en", user=user)
    order = orders.place(plans.sale_of_pass(plan, "creem"), buyer, mode=Mode.TEST)
    now = timezone.now()
    Payment.objects.create(
        order=order,
        provider="creem",
        transaction_id=f"tran_{order.pk}",
        currency="USD",
        amount_cents=100 * dollars,
    )
    Order.objects.filter(pk=order.pk).update(state=Order.State.PAID, paid_at=now, deliver_at=now)
    return order


def assert_books_agree() -> None:
    with ledger_proof.snapshot():
        assert [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


def test_many_workers_begin_one_plan() -> None:
    user = UserFactory.create()
    order = paid_for("starter", user, dollars=10)

    assert together(8, lambda _: tasks.deliver_order(order.pk)) == [None] * 8

    account = accounts.open_for(customers.of_user(user))
    assert (account.main_balance_nano_usd, account.wallet_balance_nano_usd) == (usd("12"), 0)
    assert Subscription.objects.count() == 1
    assert_books_agree()


@pytest.mark.parametrize(
    "slugs", [["starter"] * 4, ["starter", "pro", "starter", "pro"]], ids=["same", "two"]
)
def test_payments_that_meet_leave_one_live_plan_and_lose_nothing(slugs: list[str]) -> None:
    user = UserFactory.create()
    dollars = {"starter": 10, "pro": 50}
    placed = [paid_for(slug, user, dollars=dollars[slug]) for slug in slugs]

    assert together(len(placed), lambda number: tasks.deliver_order(placed[number].pk)) == [None] * len(
        placed
    )

    account = accounts.open_for(customers.of_user(user))
    [live] = Subscription.objects.live()
    assert not Order.objects.exclude(state="delivered").exists()
    as_credit = Order.objects.filter(result="wallet")
    switched = sum(switch.credited_nano_usd or 0 for switch in PlanSwitch.objects.all())
    assert account.wallet_balance_nano_usd == switched + sum(order.credit_nano_usd for order in as_credit)
    assert account.main_balance_nano_usd == live.plan.main_nano_usd
    assert_books_agree()


def test_a_refund_that_meets_the_delivery_leaves_no_plan_behind() -> None:
    user, clerk = UserFactory.create(), UserFactory.create()
    order = paid_for("starter", user, dollars=10)

    def refund() -> None:
        refunds.refund(order, 1000, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    together(2, lambda number: refund() if number else tasks.deliver_order(order.pk))

    account = accounts.open_for(customers.of_user(user))
    assert subscriptions.live_of(account.customer) is None
    assert (account.main_balance_nano_usd, account.wallet_balance_nano_usd) == (0, 0)
    assert_books_agree()


def test_the_end_of_a_plan_that_meets_its_successor_ends_one_plan_alone() -> None:
    user = UserFactory.create()
    first = paid_for("starter", user, dollars=10)
    tasks.deliver_order(first.pk)
    Subscription.objects.update(ends_at=timezone.now())
    second = paid_for("pro", user, dollars=50)

    together(2, lambda number: tasks.tend_plans() if number else tasks.deliver_order(second.pk))

    [live] = Subscription.objects.live()
    assert live.order == second
    assert accounts.open_for(customers.of_user(user)).main_balance_nano_usd == usd("60")
    assert_books_agree()
