"""Plans by card, with a Creem at the other end: bought, told of in any order, cancelled, resumed, lost."""

import random
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing import tasks
from billing.errors import PortalUnavailable
from billing.models import InboxEvent, Order, Payment, Plan, Refund, Subscription, SubscriptionPeriod
from billing.services import subscription_wishes, subscriptions
from ledger.money import usd
from tests.billing import creem_said
from tests.billing.plan_shop import account_of, books_agree, take
from tests.factories import billing as make
from tests.sandbox.running_creem import RunningCreem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]

DAY_SECONDS = 24 * 60 * 60


class CreemShop:
    """A member's plan by card, and what Creem tells the shop of it."""

    def __init__(self, creem: RunningCreem, member: Client) -> None:
        self.creem, self.member = creem, member
        self.told: set[str] = {event["id"] for event in creem.events()}

    def subscribe(self, slug: str = "starter", *, days_ago: int = 0) -> Subscription:
        order = take(self.member, slug, way="creem-monthly")
        paying = {"email": "buyer@example.com", "seconds_ago": days_ago * DAY_SECONDS}
        assert self.creem.control(f"/checkouts/{order.checkout_id}/pay", paying).ok
        self.hear()
        return Subscription.objects.get(order=order)

    def make(self, subscription: Subscription, act: str, **wish: object) -> Subscription:
        self.creem.make({"id": subscription.provider_subscription_id}, act, **wish)
        self.hear()
        subscription.refresh_from_db()
        return subscription

    def status(self, subscription: Subscription) -> str:
        said = self.creem.subscription(subscription.provider_subscription_id)["status"]
        assert isinstance(said, str)
        return said

    def hear(self, *, seed: int | None = None, times: int = 1) -> None:
        """Have what Creem has to tell handled, shuffled if ``seed`` says how."""
        news = [event["body"] for event in self.creem.events() if event["id"] not in self.told] * times
        self.told |= {event["id"] for event in self.creem.events()}
        if seed is not None:
            random.Random(seed).shuffle(news)
        for body in news:
            assert creem_said.tell(body.encode()) == 200
        for _round in range(3):
            for event in InboxEvent.objects.filter(handled_at=None):
                tasks.handle_event(event.pk)


@pytest.fixture
def shop(creem: RunningCreem, member: Client) -> Iterator[CreemShop]:
    make.plan(dollars=5, recurring_product_id="prod_monthly")
    make.plan("pro", dollars=50, recurring_product_id="prod_pro")
    product = {"id": "prod_pro", "name": "Pro", "price": 5000, "currency": "USD"}
    monthly = {**product, "billing_type": "recurring", "billing_period": "every-month"}
    assert creem.control("/products", [monthly]).ok
    yield CreemShop(creem, member)
    assert books_agree()


def test_a_plan_is_bought_renewed_and_ends(shop: CreemShop, user: User) -> None:
    plan = shop.subscribe(days_ago=31)
    assert (plan.renewal, plan.state, account_of(user).main_balance_nano_usd) == ("card", "active", usd("6"))

    shop.make(plan, "renew")
    assert SubscriptionPeriod.objects.count() == Payment.objects.count() == 2
    assert plan.is_of_use

    shop.make(plan, "cancel", mode="scheduled")
    assert (plan.state, plan.closes_at) == ("scheduled_cancel", plan.ends_at)


@pytest.mark.parametrize("seed", range(4))
def test_disorder_and_repetition_change_nothing(shop: CreemShop, user: User, seed: int) -> None:
    plan = shop.subscribe(days_ago=70)
    named = {"id": plan.provider_subscription_id}
    for act in ("renew", "fail", "recover", "pause", "resume"):
        shop.creem.make(named, act)

    shop.hear(seed=seed, times=2)

    plan.refresh_from_db()
    assert (plan.state, SubscriptionPeriod.objects.count(), Payment.objects.count()) == ("active", 3, 3)
    assert account_of(user).main_balance_nano_usd == usd("6")


def test_cancel_and_resume_are_told_to_creem(shop: CreemShop) -> None:
    plan = shop.subscribe()
    pk = subscription_wishes.cancel(plan.customer)
    assert (pk, shop.status(plan)) == (plan.pk, "active")
    subscription_wishes.carry_out(plan.pk)
    plan.refresh_from_db()
    assert (shop.status(plan), plan.state, plan.wish) == ("scheduled_cancel", "scheduled_cancel", "")

    subscription_wishes.resume(plan.customer)
    subscription_wishes.carry_out(plan.pk)
    plan.refresh_from_db()
    assert (shop.status(plan), plan.state, plan.wish) == ("active", "active", "")


def test_a_wish_that_creem_does_not_hear_is_told_until_it_does(shop: CreemShop) -> None:
    plan = shop.subscribe()
    subscription_wishes.cancel(plan.customer)
    shop.creem.fail(mode="fail", status=500)
    subscription_wishes.carry_out(plan.pk)
    plan.refresh_from_db()
    assert (plan.wish, plan.wish_error) == ("cancel", "ProviderUnavailable, status 500")
    assert subscription_wishes.due() == []

    shop.creem.fail()
    Subscription.objects.update(wish_at=timezone.now())
    tasks.carry_out_wish(subscription_wishes.due()[0])

    plan.refresh_from_db()
    assert (shop.status(plan), plan.wish, plan.wish_error) == ("scheduled_cancel", "", "")


def test_a_switch_cancels_the_old_plan_at_creem_and_gives_its_renewal_back(
    shop: CreemShop, user: User
) -> None:
    old = shop.subscribe(days_ago=29)
    new = shop.subscribe("pro")
    # Charged before Creem has heard that the plan was left.
    shop.make(old, "renew")
    assert Order.objects.get(renewal_of=old).state == "refunded"
    assert (old.end, old.wish) == ("switched", "cancel_now")

    tasks.carry_out_wish(old.pk)
    tasks.ask_for_refund(Refund.objects.get().pk)
    shop.hear()

    assert (shop.status(old), shop.status(new)) == ("canceled", "active")
    assert Refund.objects.get().state == "done"
    assert subscriptions.live_of(account_of(user).customer) == new


def test_a_renewal_that_nobody_told_us_is_asked_for(shop: CreemShop, user: User) -> None:
    plan = shop.subscribe(days_ago=32)
    shop.creem.make({"id": plan.provider_subscription_id}, "renew")
    shop.told |= {event["id"] for event in shop.creem.events()}
    assert subscription_wishes.silent() == []

    Subscription.objects.update(ask_at=timezone.now())
    for pk in subscription_wishes.silent():
        tasks.ask_about_subscription(pk)

    assert SubscriptionPeriod.objects.count() == 2
    assert subscriptions.live_of(account_of(user).customer) == plan
    assert subscription_wishes.silent() == []


def test_a_cancel_that_nobody_told_us_is_asked_for(shop: CreemShop) -> None:
    plan = shop.subscribe(days_ago=36)
    shop.creem.make({"id": plan.provider_subscription_id}, "cancel")
    shop.told |= {event["id"] for event in shop.creem.events()}

    Subscription.objects.update(ask_at=timezone.now())
    tasks.ask_about_subscription(plan.pk)

    plan.refresh_from_db()
    assert plan.end == "cancelled"


def test_the_order_page_finds_a_subscription_whose_webhooks_were_lost(
    shop: CreemShop, member: Client
) -> None:
    order = take(member, "starter", way="creem-monthly")
    assert shop.creem.control(f"/checkouts/{order.checkout_id}/pay", {"email": "a@example.com"}).ok

    Order.objects.update(ask_at=timezone.now())
    tasks.ask_open_orders()
    tasks.deliver_order(order.pk)

    assert Order.objects.get().result == "plan"
    assert Subscription.objects.get().provider_subscription_id.startswith("sub_")


def test_the_page_for_card_and_invoices_is_creems(shop: CreemShop) -> None:
    plan = shop.subscribe()

    assert "/creem/my-orders/login/" in subscription_wishes.portal(plan.customer)
    shop.creem.fail(mode="fail", status=500)
    with pytest.raises(PortalUnavailable):
        subscription_wishes.portal(plan.customer)
    shop.creem.fail()


def test_a_trial_turns_into_a_plan(shop: CreemShop, user: User) -> None:
    Plan.objects.filter(slug="starter").update(recurring_product_id="prod_trial")
    plan = shop.subscribe()
    assert plan.state == "trialing"
    assert account_of(user).main_balance_nano_usd == usd("6") * 7 // 30

    shop.make(plan, "end-trial")

    assert (plan.state, account_of(user).main_balance_nano_usd) == ("active", usd("6"))
