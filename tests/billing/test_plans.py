"""Plans: what is offered, how 30 days of one are bought, and what leaving one for another comes to."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing import tasks
from billing.errors import AlreadySubscribed, NotForSale
from billing.models import (
    Order,
    OrderMail,
    Payment,
    Provider,
    Refund,
    Subscription,
    SubscriptionPeriod,
)
from billing.services import deposits, plan_purchases, plans, refund_quotes, refunds
from billing.services.orders import Buyer
from billing.services.plan_purchases import Way
from ledger.models import AccountAllowance
from ledger.money import NANO_USD_PER_CREDIT, usd
from ledger.services.periods import PlanAllowance
from portal import demo
from tests.billing import plan_shop
from tests.billing.coin_shop import CoinShop
from tests.billing.plan_shop import account_of, age, books_agree, pay, take
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.sandbox.running_creem import RunningCreem

# Nothing is to wait for a broker.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]


@pytest.mark.parametrize(
    ("slug", "base", "main", "backup", "day", "week", "minute", "budget_dollars"),
    [
        ("starter", 1_000, 1_200, 3_000, 100, 300, 20, 100),
        ("premium", 2_500, 3_000, 7_500, 250, 750, 40, 250),
        ("pro", 5_000, 6_000, 15_000, 500, 1_500, 60, 500),
        ("master", 10_000, 12_000, 30_000, 1_000, 3_000, 80, 1_000),
        ("ultra", 20_000, 24_000, 60_000, 2_000, 6_000, 120, 2_000),
    ],
)
def test_the_demo_plans_are_those_of_the_table(
    slug: str, base: int, main: int, backup: int, day: int, week: int, minute: int, budget_dollars: int
) -> None:
    demo.load()

    plan = plans.find(slug)

    caps = [plan.daily_cap_nano_usd, plan.weekly_cap_nano_usd]
    pools = [plan.base_nano_usd, plan.main_nano_usd, plan.backup_nano_usd]
    assert [each and each // NANO_USD_PER_CREDIT for each in pools + caps] == [base, main, backup, day, week]
    assert (plan.requests_per_minute, plan.all_models) == (minute, True)
    assert plans.allowance(plan).budget_nano_usd == usd(str(budget_dollars))


def test_without_a_plan_there_are_a_thousand_requests_a_day_one_a_minute_and_free_models() -> None:
    [free] = plans.comparison()

    assert free.plan is None
    assert free.allowance == PlanAllowance(all_models=False, requests_per_day=1_000, requests_per_minute=1)


def test_the_page_shows_the_table_and_marks_ones_own_plan(creem: RunningCreem, member: Client) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    pay(take(member, "starter"))

    page = member.get("/plans").content.decode()

    assert page.count("Yours") == 1
    assert "take-pro" in page
    assert "take-starter" not in page
    assert "1,200" in page
    assert "15,000" in page


def test_a_paid_plan_fills_the_pools_and_sets_its_limits(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()

    order = pay(take(member, "starter"))

    account, allowance = account_of(user), AccountAllowance.objects.get(account__customer__user=user)
    assert (order.state, order.result) == ("delivered", "plan")
    assert (account.main_balance_nano_usd, account.backup_balance_nano_usd) == (usd("12"), usd("30"))
    assert account.wallet_balance_nano_usd == 0
    assert (allowance.requests_per_minute, allowance.all_models) == (20, True)
    assert (allowance.daily_cap_nano_usd, allowance.budget_nano_usd) == (usd("1"), usd("100"))
    assert allowance.period_ends_at == order.period.ends_at == order.subscription.ends_at
    assert order.period.ends_at - order.period.starts_at == timedelta(days=30)
    assert books_agree()


def test_a_payment_that_is_told_twice_begins_one_plan(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    order = pay(take(member, "starter"))

    pay(order, event="again")

    assert Subscription.objects.count() == 1
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert books_agree()


def test_the_same_form_is_one_order(creem: RunningCreem, member: Client) -> None:
    make.plan()
    form = member.get("/plans/starter").context["form"].initial

    for _click in range(2):
        member.post("/plans/starter", {**form, "way": "creem"})

    assert Order.objects.count() == 1


def test_a_plan_is_nothing_for_a_guest(client: Client) -> None:
    make.plan()

    answer = client.get("/plans/starter")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login")


def test_whoever_has_a_plan_that_renews_cannot_buy_it_again(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    pay(take(member, "starter"))
    Subscription.objects.update(renewal="invoice")
    buyer = Buyer(email=user.email, language="en", user=user)
    proposal = plan_purchases.propose("starter", user)

    assert "it renews by itself" in member.get("/plans/starter").content.decode()
    with pytest.raises(AlreadySubscribed):
        plan_purchases.place(proposal, buyer, way=Way(Provider.CREEM, renews=False), quote="", form="a form")


def test_a_pass_that_is_bought_again_begins_when_the_first_ends(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    pay(take(member, "starter"))
    assert "begins then" in member.get("/plans/starter").content.decode()
    plan_shop.spend(user, main=usd("1"))

    second = pay(take(member, "starter"))

    [waiting, running] = SubscriptionPeriod.objects.order_by("-number")
    assert (second.result, waiting.order, waiting.begun_at) == ("plan", second, None)
    assert waiting.starts_at == running.ends_at
    assert account_of(user).main_balance_nano_usd == usd("1")

    age(Subscription.objects.get(), 30)
    tasks.tend_plans()

    assert account_of(user).main_balance_nano_usd == usd("12")
    assert Subscription.objects.get().ended_at is None


def test_what_has_not_begun_of_a_plan_that_is_left_is_credited_in_full(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    pay(take(member, "starter"))
    pay(take(member, "starter"))
    page = member.get("/plans/pro").content.decode()
    assert "have not begun" in page
    assert '<dd id="credit"><data class="money" value="19.000000000"' in page

    pay(take(member, "pro"))

    # Nine tenths of the running one, and all of the other.
    assert account_of(user).wallet_balance_nano_usd == usd("19")
    assert SubscriptionPeriod.objects.filter(withdrawn_at__isnull=False).count() == 1
    assert books_agree()


def test_a_plan_ends_when_its_time_is_over_and_the_wallet_survives(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    pay(take(member, "starter"))
    order = pay(take(member, "pro"))
    kept = account_of(user).wallet_balance_nano_usd
    Subscription.objects.update(ends_at=timezone.now(), closes_at=timezone.now())

    for _run in range(2):
        tasks.tend_plans()

    account, allowance = account_of(user), AccountAllowance.objects.get(account__customer__user=user)
    assert Subscription.objects.get(order=order).end == "ran_out"
    assert (account.main_balance_nano_usd, account.backup_balance_nano_usd) == (0, 0)
    assert account.wallet_balance_nano_usd == kept > 0
    assert (allowance.requests_per_minute, allowance.all_models) == (1, False)
    assert "This plan has ended" in member.get(f"/orders/{order.reference}").content.decode()
    assert books_agree()


def test_a_plan_that_ran_out_can_be_bought_again_before_anybody_has_ended_it(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    pay(take(member, "starter"))
    Subscription.objects.update(ends_at=timezone.now(), closes_at=timezone.now())
    assert "take-starter" in member.get("/plans").content.decode()

    again = pay(take(member, "starter"))

    assert again.result == "plan"
    assert [each.end for each in Subscription.objects.order_by("pk")] == ["ran_out", ""]
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert account_of(user).wallet_balance_nano_usd == 0
    assert books_agree()


def test_more_than_the_price_of_a_plan_is_credit_beside_it(user: User) -> None:
    for extra_cents in (0, 250):
        order = plan_shop.paid("starter", user, dollars=10)
        Payment.objects.filter(order=order).update(amount_cents=1000 + extra_cents)
        tasks.deliver_order(order.pk)

    assert account_of(user).wallet_balance_nano_usd == usd("2.5")
    assert books_agree()


def test_whoever_has_three_days_left_is_told_once(creem: RunningCreem, member: Client) -> None:
    make.plan()
    order = pay(take(member, "starter"))
    tasks.tend_plans()
    assert not OrderMail.objects.filter(kind="plan_ends").exists()
    Subscription.objects.update(closes_at=timezone.now() + timedelta(days=2))

    for _run in range(2):
        tasks.tend_plans()

    assert OrderMail.objects.get(kind="plan_ends").order == order

    Subscription.objects.update(closes_at=timezone.now() + timedelta(days=1))
    tasks.tend_plans()
    assert OrderMail.objects.filter(kind="plan_ends").count() == 2  # its end has moved


def test_a_plan_whose_money_went_back_ends(creem: RunningCreem, member: Client, user: User) -> None:
    make.plan()
    order, clerk = pay(take(member, "starter")), UserFactory.create()

    refunds.refund(
        order, order.payment.whole_cents, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk
    )

    assert Subscription.objects.get().end == "refunded"
    assert account_of(user).main_balance_nano_usd == 0
    assert books_agree()


def test_a_fair_refund_of_a_plan_is_its_unused_part(creem: RunningCreem, member: Client, user: User) -> None:
    make.plan()
    order = pay(take(member, "starter"))
    age(order.subscription, 14)

    assert refund_quotes.quote(Order.objects.get()).fair_cents == order.payment.whole_cents // 2 - 1
    page = staff_who_may("view_order", "refund_order").get(
        reverse("admin:billing_order_refund", args=[order.pk])
    )
    assert "Of the plan, not consumed" in page.content.decode()
    assert "<td>50%</td>" in page.content.decode()


def test_coins_for_a_plan_begin_it_and_what_is_beyond_the_price_is_credit(
    coins: CoinShop, member: Client, user: User
) -> None:
    make.plan(dollars=25)
    order = take(member, "starter", way="nowpayments")
    deposit = coins.chosen(order)

    coins.send(deposit, "30")
    coins.told()

    order = Order.objects.get()
    assert order.result == "plan"
    assert account_of(user).main_balance_nano_usd == usd("30")
    assert (
        account_of(user).wallet_balance_nano_usd
        == (order.payment.amount_cents - 2500) * NANO_USD_PER_CREDIT
        > 0
    )
    assert books_agree()


def test_too_few_coins_for_a_plan_are_credit_if_their_buyer_takes_them(
    coins: CoinShop, member: Client, user: User
) -> None:
    make.plan(dollars=25)
    order = take(member, "starter", way="nowpayments")
    coins.act(coins.chosen(order), "short")
    coins.told()
    offered = deposits.standing(order).credit_nano_usd

    member.post(f"/orders/{order.reference}/accept-coins")
    tasks.deliver_order(order.pk)

    order = Order.objects.get()
    assert (order.kind, order.result) == ("credit", "wallet")
    assert account_of(user).wallet_balance_nano_usd == order.credit_nano_usd == offered
    assert 0 < order.credit_nano_usd < usd("25")
    assert not Subscription.objects.exists()
    assert books_agree()


def test_a_plan_that_is_offered_no_more_is_not_for_sale(user: User) -> None:
    make.plan(is_offered=False)

    with pytest.raises(NotForSale):
        plan_purchases.propose("starter", user)


def test_a_customer_never_has_two_live_plans(creem: RunningCreem, member: Client) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    pay(take(member, "starter"))
    pay(take(member, "pro"))

    with pytest.raises(IntegrityError, match="one_live_plan_per_customer"):
        Subscription.objects.update(ended_at=None, end="")
