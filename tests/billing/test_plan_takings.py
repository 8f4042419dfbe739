"""Money of a plan that goes back: what is unused expires, what was credited comes back, the rest is owed."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import User
from billing.models import Order, Refund
from billing.providers.facts import Disputed, Mode
from billing.services import payments, refunds, subscriptions
from ledger.models import Debt
from ledger.money import usd
from tests.billing.plan_shop import account_of, books_agree
from tests.billing.renewing import CardPlan, begun, hear, taken
from tests.factories.accounts import UserFactory
from tests.factories.ledger import give

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def disputed(plan: CardPlan, *, cents: int = 1000) -> Refund:
    payment = Order.objects.get(pk=plan.order.pk).payment
    with transaction.atomic():
        payments.apply(
            Disputed(
                provider="creem",
                mode=Mode.TEST,
                reference=plan.order.reference,
                transaction_id=payment.transaction_id,
                currency="USD",
                amount_cents=cents,
                paid_cents=payment.whole_cents,
                dispute_id="disp_1",
            )
        )
    return Refund.objects.latest("pk")


def owed(user: User) -> int:
    return account_of(user).debt_nano_usd


def nearly(amount: int, dollars: str) -> bool:
    """Tell whether it is so much, but for the moments that the test took."""
    return usd(dollars) <= amount < usd(dollars) + usd("0.01")


def test_a_dispute_ends_the_plan_and_what_was_used_is_owed(user: User) -> None:
    plan = begun(user=user, days_ago=14)

    refund = disputed(plan)

    assert (plan.ours.end, plan.ours.wish) == ("refunded", "cancel_now")
    assert nearly(owed(user), "5")
    assert refund.credit_nano_usd == usd("10") == refund.withheld_nano_usd + refund.debt_nano_usd
    assert account_of(user).is_frozen
    assert books_agree()


def test_all_of_a_plan_that_is_over_is_owed(user: User) -> None:
    plan = begun(user=user, days_ago=31)
    hear(plan.paid(1))

    disputed(plan)

    assert owed(user) == usd("10")
    assert plan.ours.is_of_use
    assert books_agree()


def test_what_a_switch_credited_is_taken_back_first(user: User) -> None:
    plan, other = begun(user=user, days_ago=7), taken("pro", user=user, dollars=50)
    hear(other.paid())
    credited = account_of(user).wallet_balance_nano_usd

    refund = disputed(plan)

    assert (refund.taken_nano_usd, account_of(user).wallet_balance_nano_usd) == (credited, 0)
    assert nearly(owed(user), "2.5")
    assert subscriptions.live_of(other.order.customer) == other.ours
    assert books_agree()


def test_what_the_wallet_paid_of_it_comes_back_if_the_dispute_is_won(user: User) -> None:
    plan = begun(user=user, days_ago=14)
    give(account_of(user), usd("20"))
    refund = disputed(plan)
    assert owed(user) == 0
    assert nearly(usd("20") - account_of(user).wallet_balance_nano_usd, "5")

    refunds.give_up(refund, why="won")

    assert account_of(user).wallet_balance_nano_usd == usd("20") + refund.withheld_nano_usd
    assert usd("24.99") < account_of(user).wallet_balance_nano_usd <= usd("25")
    assert books_agree()


def test_a_debt_that_is_open_is_owed_no_more_once_the_dispute_is_won(user: User) -> None:
    refund = disputed(begun(user=user, days_ago=14))

    refunds.give_up(refund, why="won")

    assert (owed(user), Debt.objects.get().open_nano_usd) == (0, 0)
    assert usd("4.99") < account_of(user).wallet_balance_nano_usd <= usd("5")
    assert books_agree()


def test_what_was_paid_beyond_a_period_whose_money_went_back_is_credited(user: User) -> None:
    plan = begun(user=user, days_ago=20)
    hear(plan.paid(1))
    clerk, first = UserFactory.create(), Order.objects.earliest("pk")

    refunds.refund(first, 1000, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    assert plan.ours.end == "refunded"
    assert account_of(user).wallet_balance_nano_usd == usd("10")
    assert books_agree()


def test_a_clock_that_is_ahead_begins_the_plan_all_the_same(user: User) -> None:
    begun(user=user, days_ago=-0.001)

    held = subscriptions.live_of(account_of(user).customer)
    assert held is not None
    assert subscriptions.current_period(held).number == 1


def test_what_has_gone_back_of_a_price_is_credited_by_no_switch(user: User) -> None:
    begun("pro", user=user, dollars=50)
    order, clerk = Order.objects.get(), UserFactory.create()
    refunds.refund(order, 4900, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    hear(taken(user=user).paid())

    assert usd("0.89") < account_of(user).wallet_balance_nano_usd <= usd("0.9")
    assert books_agree()


def test_a_dispute_of_the_rest_owes_the_rest_at_most(user: User) -> None:
    plan = begun(user=user, days_ago=31)
    order, clerk = Order.objects.get(), UserFactory.create()
    refunds.refund(order, 900, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    disputed(plan, cents=100)

    assert owed(user) == usd("1")
    assert books_agree()


def test_what_the_shop_gives_back_by_itself_is_not_owed(user: User) -> None:
    plan, clerk = begun(user=user, days_ago=14), UserFactory.create()
    order = Order.objects.get()

    refunds.refund(order, 1000, origin=Refund.Origin.OPERATOR, reason="a wish", made_by=clerk)

    assert (owed(user), plan.ours.end) == (0, "refunded")
    assert timedelta(0) < plan.ours.ends_at - plan.ours.began_at
    assert books_agree()
