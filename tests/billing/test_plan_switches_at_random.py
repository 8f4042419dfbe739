"""Leaving one plan for another over and over: random prices, moments and use, through the shop itself."""

from fractions import Fraction
from random import Random

import pytest

from accounts.models import User
from accounts.services import customers
from billing.models import Order, Plan, PlanSwitch, Subscription
from billing.services import delivery, subscriptions
from tests.billing.plan_shop import account_of, age, paid, spend
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]

SWITCHES = 6
CENT = 10_000_000


def live_of(user: User) -> Subscription:
    subscription = subscriptions.live_of(customers.of_user(user))
    assert subscription is not None
    return subscription


def buy(plan: Plan, user: User) -> Order:
    """Pay a plan of the shop and have it begin."""
    order = paid(plan.slug, user, dollars=plan.price_cents // 100)
    delivery.deliver(order.pk)
    return Order.objects.get(pk=order.pk)


def use_some(user: User, rng: Random) -> Fraction:
    """Let time go by and pools be spent; return what counts as consumed by the published formula."""
    subscription = live_of(user)
    period = subscriptions.current_period(subscription)
    days, main, backup = rng.randint(0, 29), rng.randint(0, 100), rng.randint(0, 100)
    age(subscription, days)
    spend(
        user,
        main=period.main_nano_usd * (100 - main) // 100,
        backup=period.backup_nano_usd * (100 - backup) // 100,
    )
    time_share = min(Fraction(1), Fraction(days, 28))
    return max(time_share, Fraction(3 * main + backup, 400), Fraction(1, 10))


@pytest.mark.parametrize("seed", range(12))
def test_no_switch_credits_more_than_its_terms_and_no_row_of_them_gains_money(seed: int) -> None:
    rng, user = Random(seed), UserFactory.create()
    catalogue = [make.plan(f"plan-{n}", dollars=rng.randint(1, 200)) for n in range(4)]
    spent = buy(catalogue[0], user).price_cents * CENT

    for _ in range(SWITCHES):
        old, consumed = live_of(user).plan, use_some(user, rng)
        new = rng.choice([plan for plan in catalogue if plan.pk != old.pk])
        before = account_of(user).wallet_balance_nano_usd
        order = buy(new, user)
        credit = account_of(user).wallet_balance_nano_usd - before
        spent += order.price_cents * CENT

        assert 0 <= credit <= old.price_cents * CENT * (1 - consumed)
        assert credit <= abs(new.price_cents - old.price_cents) * CENT
        assert live_of(user).plan == new

    assert account_of(user).wallet_balance_nano_usd < spent
    assert PlanSwitch.objects.exclude(switched_at=None).count() == SWITCHES
