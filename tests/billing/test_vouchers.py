"""Codes that give days of a plan: redeemed once, beside payments, refused without harm; ordered by staff."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.errors import PlanInTheWay, PlanOfCodeGone
from billing.models import Order, Plan, Refund, Subscription, SubscriptionPeriod
from billing.services import plan_history, refunds, vouchers
from billing.services.vouchers import RedeemedPlan
from ledger.models import Entry
from ledger.money import usd
from redemption.errors import CodeUnusable
from redemption.models import Batch, Code
from redemption.services import code_files, codes
from redemption.services import proof as redemption_proof
from redemption.services.wallets import Redeemed
from tests.billing import plan_shop
from tests.billing.coin_shop import CoinShop
from tests.billing.plan_shop import account_of, age, books_agree
from tests.billing.renewing import begun, hear
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.factories.redemption import codes_of, issued_batch, new_code
from tests.together import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]

ADD = reverse("admin:billing_planbatch_add")


def plan_code(slug: str = "starter", days: int = 30) -> str:
    if not Plan.objects.filter(slug=slug).exists():
        make.plan(slug, dollars=50 if slug == "pro" else 10)
    return new_code(value_nano_usd=0, plan_slug=slug, plan_days=days)


def redeem(text: str, user: User) -> Redeemed | RedeemedPlan:
    customer = customers.of_user(user)
    return vouchers.redeem(typed_code=text, customer=customer, address=f"of {customer.pk}")


def all_agrees() -> bool:
    return books_agree() and redemption_proof.discrepancies() == []


def test_a_code_begins_a_plan_for_its_days(user: User) -> None:
    redeemed = redeem(plan_code(days=7), user)

    assert isinstance(redeemed, RedeemedPlan)
    held = Subscription.objects.get()
    assert (held.renewal, held.order, held.closes_at) == ("", None, held.ends_at)
    assert held.ends_at - held.began_at == timedelta(days=7)
    assert redeemed.period.code == Code.objects.get(state="redeemed")
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert not Entry.objects.filter(kind="codes_issued").exists()
    assert all_agrees()

    age(held, 7)
    tasks.tend_plans()
    assert Subscription.objects.get().end == "ran_out"


def test_a_code_of_the_plan_that_somebody_has_adds_its_days(user: User) -> None:
    redeem(plan_code(days=7), user)
    redeem(plan_code(days=3), user)

    held = Subscription.objects.get()
    assert held.ends_at - held.began_at == timedelta(days=10)
    assert SubscriptionPeriod.objects.get(number=2).begun_at is None
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert all_agrees()


def test_a_code_is_refused_and_stays_good_while_another_plan_is_in_the_way(user: User) -> None:
    begun("pro", user=user, dollars=50)
    for slug in ("starter", "pro"):  # another one, and one that renews
        with pytest.raises(PlanInTheWay):
            redeem(plan_code(slug), user)

    assert Code.objects.filter(state="live").count() == 2
    assert all_agrees()


def test_a_suspended_plan_gives_way_to_a_code(user: User) -> None:
    suspended = begun(user=user, days_ago=40)
    hear(suspended.says("unpaid", "unpaid"))

    redeem(plan_code(days=7), user)

    assert (suspended.ours.end, suspended.ours.wish) == ("switched", "cancel_now")
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert all_agrees()


def test_invoices_of_a_plan_that_a_code_began_are_sent(coins: CoinShop, member: Client, user: User) -> None:
    make.plan(dollars=25)
    redeem(plan_code(days=7), user)
    order = plan_shop.take(member, "starter", way="nowpayments-monthly")
    coins.act(coins.chosen(order), "exact")
    coins.told()
    held = Subscription.objects.get()
    assert (held.renewal, held.order) == ("invoice", order)

    age(held, 34)
    tasks.tend_plans()

    assert Order.objects.filter(renewal_of=held).exists()


def test_days_of_a_code_begin_when_the_money_before_them_goes_back(user: User) -> None:
    make.plan()
    order = plan_shop.paid("starter", user, dollars=10)
    tasks.deliver_order(order.pk)
    redeem(plan_code(days=7), user)

    clerk = UserFactory.create()
    refunds.refund(order, 1000, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    held = Subscription.objects.get()
    assert (held.ended_at, held.is_of_use) == (None, True)
    assert held.periods.get(number=2).begun_at is not None
    assert timedelta(days=6) < held.ends_at - timezone.now() <= timedelta(days=7)
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert all_agrees()


def test_whoever_leaves_days_of_a_code_is_told_before(member: Client, user: User) -> None:
    make.plan("pro", dollars=50)
    redeem(plan_code(days=7), user)
    redeem(plan_code(days=7), user)

    assert "nothing is credited for them" in member.get("/plans/pro").content.decode()


def test_a_code_whose_plan_is_gone_stays_good(user: User) -> None:
    text = plan_code()
    Plan.objects.all().delete()

    with pytest.raises(PlanOfCodeGone):
        redeem(text, user)

    assert Code.objects.get().state == "live"


def test_a_code_is_redeemed_once_and_never_after_its_batch_is_void(user: User) -> None:
    text = plan_code()
    redeem(text, user)
    with pytest.raises(CodeUnusable):
        redeem(text, UserFactory.create())

    batch = issued_batch(count=2, value_nano_usd=0, plan_slug="starter", plan_days=1)
    late = codes_of(batch)[0]
    codes.void_batch(batch, voided_by=UserFactory.create(is_staff=True))
    codes.finish_voiding(batch.pk)
    with pytest.raises(CodeUnusable):
        redeem(late, UserFactory.create())
    assert all_agrees()


def test_a_code_of_value_is_redeemed_as_before(user: User) -> None:
    redeemed = redeem(new_code(value_nano_usd=usd("5")), user)

    assert not isinstance(redeemed, RedeemedPlan)
    assert redeemed.amount == account_of(user).wallet_balance_nano_usd == usd("5")
    assert all_agrees()


def test_of_many_who_redeem_one_code_one_has_the_plan() -> None:
    text, users = plan_code(), UserFactory.create_batch(6)

    outcomes = together(len(users), lambda number: redeem_or_none(text, users[number]))

    assert sum(isinstance(outcome, RedeemedPlan) for outcome in outcomes) == 1
    assert Subscription.objects.count() == 1
    assert all_agrees()


def test_a_code_beside_a_payment_leaves_one_plan_and_loses_nothing(user: User) -> None:
    order, text = plan_shop.paid("pro", user, dollars=50), plan_code()
    acts: list[Callable[[], object]] = [
        lambda: tasks.deliver_order(order.pk),
        lambda: redeem_or_none(text, user),
    ]

    together(2, lambda number: acts[number]())

    assert Subscription.objects.live().count() == 1
    is_spent = Code.objects.get().state == "redeemed"
    assert is_spent == SubscriptionPeriod.objects.filter(code__isnull=False).exists()
    assert all_agrees()


def redeem_or_none(text: str, user: User) -> object:
    try:
        return redeem(text, user)
    except (CodeUnusable, PlanInTheWay):
        return None


def test_the_wallet_says_what_a_code_of_a_plan_has_brought(member: Client, user: User) -> None:
    page = member.post("/wallet/redeem", {"code": plan_code(days=7)}).content.decode()
    until = timezone.localdate(Subscription.objects.get().ends_at)

    assert "Starter is yours from" in page
    assert str(until.year) in page
    assert "Redemption code" in member.get("/dashboard/plans").content.decode()
    assert plan_history.periods_of(customers.of_user(user)).count() == 1

    refused = member.post("/wallet/redeem", {"code": plan_code("pro")})
    assert refused.status_code == 409
    assert "It stays good" in refused.content.decode()


def test_staff_order_codes_of_a_plan_and_go_on_to_their_batch(nudges: list[tuple[str, int]]) -> None:
    plan, clerk = make.plan("pro", dollars=50), staff_who_may("add_batch", "view_batch", "download_batch")
    form = {"name": "spring", "count": 3, "plan": plan.pk, "plan_days": 14, "note": ""}
    assert "Issue the codes" in clerk.get(ADD).content.decode()

    answer = clerk.post(ADD, {**form, "expires_at_0": "", "expires_at_1": ""})

    batch = Batch.objects.get()
    assert answer["Location"] == reverse("admin:redemption_batch_change", args=[batch.pk])
    assert (batch.plan_slug, batch.plan_days, batch.value_nano_usd) == ("pro", 14, 0)
    page = clerk.get(answer["Location"]).content.decode()
    assert "14 days of pro" in page
    history = clerk.get(reverse("admin:redemption_batch_history", args=[batch.pk])).content.decode()
    assert "Added" in history
    listed = clerk.get(reverse("admin:billing_planbatch_changelist")).content.decode()
    assert "spring" in listed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"plan_days": 0}, "plan_days"), ({"plan_days": 367}, "plan_days"), ({"plan": ""}, "plan")],
)
def test_an_order_that_makes_no_sense_is_refused_beside_its_field(
    wrong: dict[str, object], field: str
) -> None:
    plan = make.plan()
    clerk = staff_who_may("add_batch", "view_batch")
    form = {"name": "spring", "count": 3, "plan": plan.pk, "plan_days": 14, "note": "", **wrong}

    answer = clerk.post(ADD, {**form, "expires_at_0": "", "expires_at_1": ""})

    assert list(answer.context["adminform"].form.errors) == [field]
    assert not Batch.objects.exists()


def test_whoever_may_not_order_batches_orders_none_here() -> None:
    assert staff_who_may("view_batch").get(ADD).status_code == 403


def test_a_plan_that_codes_name_keeps_its_slug() -> None:
    plan_code()
    plan = Plan.objects.get()
    page = reverse("admin:billing_plan_change", args=[plan.pk])
    clerk = staff_who_may("view_plan", "change_plan")
    form = clerk.get(page).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}

    answer = clerk.post(page, {**typed, "slug": "beginner"})

    assert "slug" in answer.context["adminform"].form.errors
    assert Plan.objects.get().slug == "starter"


def test_the_file_of_codes_says_which_plan_and_how_long() -> None:
    batch = Batch(name="spring", plan_slug="pro", plan_days=14)

    assert code_files.CSV.first_line(batch) == "code,plan,days,expires,batch\r\n"
    [line] = code_files.CSV.lines(batch, codes_of(issued_batch(count=1))).splitlines()
    assert line.endswith(",pro,14,,spring")
