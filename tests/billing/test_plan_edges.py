"""What seldom happens to a plan: wishes that meet old news, what revives late, what fails for one of many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.models import Mode, Order, Provider, Refund, Subscription
from billing.services import orders, payments, plans, refunds, subscription_wishes, subscriptions
from billing.services.orders import Buyer
from tests.billing.plan_shop import account_of, books_agree, paid
from tests.billing.renewing import begun, hear
from tests.billing.simulated_shop import payment_of
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.usefixtures("nudges")

FAULT = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON billing_subscription
       FOR EACH ROW WHEN (OLD.id = {pk}) EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.mark.django_db
def test_news_that_a_plan_is_active_does_not_drop_the_wish_to_go_on(user: User) -> None:
    plan = begun(user=user)
    subscription_wishes.cancel(plan.order.customer)
    subscription_wishes.resume(plan.order.customer)

    hear(plan.says("active"))

    assert plan.ours.wish == "resume"


@pytest.mark.django_db(transaction=True)
def test_a_monthly_order_that_waited_and_is_refunded_leaves_a_pass_that_ends(user: User) -> None:
    first = paid("starter", user, dollars=10)
    tasks.deliver_order(first.pk)
    buyer = Buyer(email=user.email, language="en", user=user)
    assert first.plan is not None
    sale = plans.sale(first.plan, Provider.NOWPAYMENTS, renews=True)
    monthly = orders.place(sale, buyer, mode=Mode.TEST)
    payments.apply(payment_of(monthly))
    tasks.deliver_order(monthly.pk)
    held = subscriptions.live_of(account_of(user).customer)
    assert held is not None
    assert held.renewal == "invoice"

    refunds.refund(
        Order.objects.get(pk=monthly.pk), 1000, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=user
    )

    held.refresh_from_db()
    assert held.renewal == ""
    assert held.closes_at == held.ends_at == subscriptions.current_period(held).ends_at
    assert books_agree()


@pytest.mark.django_db(transaction=True)
def test_what_is_charged_long_after_its_end_begins_when_it_is_told(user: User) -> None:
    plan = begun(user=user, days_ago=70)
    assert subscriptions.live_of(plan.order.customer) is None

    hear(plan.paid(1, period_start=None, period_end=None))

    assert plan.ours.is_of_use
    assert timedelta(27) < plan.ours.ends_at - timezone.now() < timedelta(32)
    assert books_agree()


@pytest.mark.django_db
def test_what_fails_for_one_customer_is_done_for_the_next(caplog: pytest.LogCaptureFixture) -> None:
    plan, over = make.plan(), timezone.now() - timedelta(days=1)
    broken, sound = (
        Subscription.objects.create(
            customer=customers.of_user(UserFactory.create()),
            plan=plan,
            ends_at=over + timedelta(minutes=late),
            closes_at=over + timedelta(minutes=late),
        )
        for late in (0, 1)
    )
    with connection.cursor() as cursor:
        cursor.execute(FAULT.format(pk=broken.pk))

    tasks.tend_plans()

    ended = list(Subscription.objects.exclude(ended_at=None))
    assert ended == [sound]
    assert f"of {broken.customer_id} failed" in caplog.text
