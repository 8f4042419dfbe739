"""Plans that are paid by invoices in coins, what is done with them on the way, and plans from codes."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing import tasks
from billing.errors import CannotBeCancelled, CannotBeResumed, PlanInTheWay
from billing.models import Mode, Order, OrderMail, Plan, Refund, Subscription, SubscriptionPeriod
from billing.services import orders, plans, refunds, renewals, subscription_wishes, subscriptions
from billing.services.orders import Buyer
from ledger.money import usd
from redemption.models import Code
from tests.billing import plan_shop
from tests.billing.coin_shop import CoinShop
from tests.billing.plan_shop import account_of, age, books_agree, take
from tests.billing.renewing import begun, hear
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]

GRACE, BEFORE = settings.PLAN_GRACE_DAYS, settings.PLAN_INVOICE_DAYS


def pay(coins: CoinShop, order: Order) -> Order:
    coins.act(coins.chosen(order), "exact")
    coins.told()
    return Order.objects.get(pk=order.pk)


@pytest.fixture
def plan(coins: CoinShop, member: Client) -> Subscription:
    """A plan whose first month is paid, and that an invoice is to renew."""
    make.plan(dollars=25)
    order = pay(coins, take(member, "starter", way="nowpayments-monthly"))
    return Subscription.objects.get(order=order)


def let_pass(plan: Subscription, days: float) -> None:
    age(plan, days)
    plan.refresh_from_db()
    tasks.tend_plans()
    plan.refresh_from_db()


def days_left(plan: Subscription) -> float:
    return (plan.ends_at - timezone.now()) / timedelta(days=1)


def test_an_invoice_is_sent_once_before_the_end_and_its_payment_renews(
    plan: Subscription, coins: CoinShop, user: User
) -> None:
    assert (plan.renewal, plan.closes_at) == ("invoice", plan.ends_at + timedelta(days=GRACE))
    tasks.tend_plans()
    assert Order.objects.count() == 1

    let_pass(plan, days_left(plan) - BEFORE)
    tasks.tend_plans()
    invoice = Order.objects.get(renewal_of=plan)
    assert OrderMail.objects.filter(order=invoice).values_list("kind", flat=True).get() == "invoice"

    pay(coins, invoice)
    waiting = SubscriptionPeriod.objects.get(number=2)
    assert (waiting.order, waiting.begun_at, waiting.starts_at) == (invoice, None, plan.ends_at)

    let_pass(plan, BEFORE + 1)
    assert subscriptions.current_period(plan).number == 2
    assert account_of(user).main_balance_nano_usd == usd("30")
    assert plan.is_of_use
    assert books_agree()


def test_an_invoice_that_nobody_pays_ends_the_plan_after_its_grace(
    plan: Subscription, coins: CoinShop, user: User
) -> None:
    let_pass(plan, days_left(plan) + GRACE - 1)
    assert plan.is_of_use
    let_pass(plan, 1.1)
    assert plan.end == "ran_out"

    late = pay(coins, Order.objects.get(renewal_of=plan))

    assert late.result == "plan"
    again = subscriptions.live_of(plan.customer)
    assert again is not None
    assert (again.order, again.renewal) == (late, "invoice")
    assert books_agree()


def test_an_invoice_that_is_paid_beside_another_plan_is_credit(
    plan: Subscription, coins: CoinShop, user: User
) -> None:
    let_pass(plan, days_left(plan) - BEFORE)
    tasks.deliver_order(plan_shop.paid("pro", user, dollars=50).pk)
    before = account_of(user).wallet_balance_nano_usd

    late = pay(coins, Order.objects.get(renewal_of=plan))

    assert late.result == "wallet"
    assert account_of(user).wallet_balance_nano_usd == before + late.credit_nano_usd
    assert books_agree()


def test_no_more_invoices_come_once_they_are_cancelled_until_they_are_wanted_again(
    plan: Subscription,
) -> None:
    assert subscription_wishes.cancel(plan.customer) is None
    plan.refresh_from_db()
    assert (plan.renewal, plan.closes_at) == ("", plan.ends_at)
    with pytest.raises(CannotBeCancelled):
        subscription_wishes.cancel(plan.customer)
    assert renewals.send_invoice(plan.pk) is None

    assert subscription_wishes.resume(plan.customer) is None
    with pytest.raises(CannotBeResumed):
        subscription_wishes.resume(plan.customer)
    let_pass(plan, days_left(plan) - BEFORE)
    assert Order.objects.filter(renewal_of=plan).count() == 1


def test_coins_for_months_make_a_pass_go_on_by_invoice(coins: CoinShop, member: Client, user: User) -> None:
    make.plan(dollars=25)
    tasks.deliver_order(plan_shop.paid("starter", user, dollars=25).pk)
    assert "nowpayments-monthly" in member.get("/plans/starter").content.decode()
    assert "creem-monthly" not in member.get("/plans/starter").content.decode()

    pay(coins, take(member, "starter", way="nowpayments-monthly"))

    held = subscriptions.held_by(account_of(user).customer)
    assert held is not None
    [second, first] = held.periods.all()
    assert (held.renewal, second.starts_at, held.ends_at) == ("invoice", first.ends_at, second.ends_at)


def test_money_that_goes_back_ends_what_it_paid_and_nothing_else() -> None:
    plan, clerk = begun(days_ago=31), UserFactory.create()
    hear(plan.paid(1), plan.paid(2))  # the third month waits

    def give_back(number: int) -> None:
        order = SubscriptionPeriod.objects.get(number=number).order
        assert order is not None
        cents = order.payment.whole_cents
        refunds.refund(order, cents, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    give_back(1)
    assert plan.ours.is_of_use
    ends_at = plan.ours.ends_at
    give_back(3)
    assert plan.ours.ends_at < ends_at
    assert SubscriptionPeriod.objects.get(number=3).withdrawn_at is not None
    assert plan.ours.is_of_use
    give_back(2)
    assert (plan.ours.end, plan.ours.wish) == ("refunded", "cancel_now")


def test_a_plan_that_renews_or_another_one_is_in_the_way_of_a_code(user: User) -> None:
    starter, pro = make.plan(), make.plan("pro", dollars=50)
    begun("starter", user=user)
    customer = account_of(user).customer

    for plan in (starter, pro):
        with pytest.raises(PlanInTheWay):
            subscriptions.begin_by_code(customer, plan, days=7, code=Code())


def test_an_order_that_renews_is_of_a_plan_alone(user: User) -> None:
    plan = Plan.objects.first() or make.plan()
    buyer = Buyer(email=user.email, language="en", user=user)
    order = orders.place(plans.sale(plan, "creem", renews=True), buyer, mode=Mode.TEST)

    assert (order.renews, order.product_id) == (True, "prod_recurring_starter")
