"""A year of a shop in minutes: plans taken, used, renewed, failed, left, taken back, told of in disorder."""

import os
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from django.db.models import F, Q
from django.utils import timezone

from billing.models import Order, Payment, Subscription, SubscriptionPeriod
from billing.services import plan_periods, proof, subscriptions
from ledger.models import Account, AccountAllowance
from ledger.services import proof as ledger_proof
from redemption.services import proof as redemption_proof
from tests.billing.moved_clock import MovedClock, moved_clock
from tests.billing.simulated_creem import SimulatedCreem
from tests.billing.simulated_shop import SimulatedShop
from tests.factories import billing as make
from tests.factories import ledger as calls
from tests.factories.accounts import StaffFactory, UserFactory

FULL = os.environ.get("PROVE") == "1"
MEMBERS, DAYS = (200, 365) if FULL else (6, 80)
SEED = int(os.environ.get("YEAR_SEED", "0")) or Random().randrange(1, 10**9)
DAY = timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges"), pytest.mark.timeout(3600)]


@pytest.fixture
def clock() -> Iterator[MovedClock]:
    with moved_clock() as clock:
        yield clock


@pytest.fixture
def shop() -> SimulatedShop:
    for slug, dollars in (("starter", 10), ("premium", 25), ("pro", 50)):
        make.plan(slug, dollars=dollars)
    rng = Random(SEED)
    return SimulatedShop(
        rng=rng,
        members=UserFactory.create_batch(MEMBERS),
        model=calls.priced(),
        clerk=StaffFactory.create(),
        creem=SimulatedCreem(rng),
    )


def test_a_year_in_which_everything_happens_adds_up(shop: SimulatedShop, clock: MovedClock) -> None:
    print(f"\nYEAR_SEED={SEED}: {MEMBERS} members, {DAYS} days")  # noqa: T201 - so that it can be had again
    for day in range(DAYS):
        shop.a_day_passes()
        if not shop.away:
            assert whoever_has_paid_has_no_plan() == [], f"day {day}, seed {SEED}"
            assert books_and_plans_differ() == [], f"day {day}, seed {SEED}"
        if day % 30 == 0:
            assert everything_is_explained() == [], f"day {day}, seed {SEED}"
        clock.move(DAY)
    shop.away = 0
    shop.heal()
    shop.work()

    assert everything_is_explained() == [], f"seed {SEED}"
    assert (
        not Order.objects.filter(paid_at__isnull=False).exclude(state__in=["delivered", "refunded"]).exists()
    )
    count = f"{Payment.objects.count()} payments, {shop.calls} calls"
    made = f"{count}, {Subscription.objects.count()} plans, {SubscriptionPeriod.objects.count()} periods"
    print(made)  # noqa: T201 - the figures of the year
    if FULL:
        assert Payment.objects.count() >= 2_000, count
        assert shop.calls >= 50_000, count


def everything_is_explained() -> list[object]:
    return [*ledger_proof.discrepancies(), *proof.discrepancies(), *redemption_proof.discrepancies()]


def whoever_has_paid_has_no_plan() -> list[object]:
    """Return the periods that are paid, cover this moment, and give nobody anything."""
    now = timezone.now()
    paid = SubscriptionPeriod.objects.filter(starts_at__lte=now, ends_at__gt=now, withdrawn_at=None)
    kept = paid.filter(Q(order=None) | Q(order__payment__refunded_cents=0))
    left = Q(subscription__end__in=[Subscription.End.SWITCHED, Subscription.End.REFUNDED])
    return [
        (period, period.subscription.end)
        for period in kept.exclude(left).select_related("subscription__customer")
        if subscriptions.live_of(period.subscription.customer) != period.subscription
    ]


def books_and_plans_differ() -> list[object]:
    """Return the live plans whose period or end the books do not know, and accounts in a period of none."""
    differ: list[object] = []
    for held in Subscription.objects.live().select_related("customer"):
        running, account = plan_periods.running(held), Account.objects.get(customer=held.customer)
        allowance = AccountAllowance.objects.get(account=account)
        known = (account.period.reference if account.period else None, allowance.period_ends_at)
        if running is None or known != (running.reference, held.used_until):
            differ.append((held, known, running, held.used_until))
    planned = Account.objects.exclude(period=None).count()
    if planned != Subscription.objects.live().count():
        differ.append(f"{planned} accounts are in periods")
    return differ


def test_the_moved_clock_is_that_of_both(clock: MovedClock) -> None:
    before = timezone.now()
    clock.move(40 * DAY)

    assert 40 * DAY <= timezone.now() - before < 41 * DAY
    make.plan()
    plan = make.plan("pro")
    user = UserFactory.create()
    held = Subscription.objects.create(
        customer=make.order(user=user).customer, plan=plan, ends_at=before + DAY, closes_at=before + 39 * DAY
    )
    assert list(Subscription.objects.to_end()) == [held]
    assert not Subscription.objects.filter(began_at__lt=F("closes_at")).exists()
