"""The periods of a plan: written when they are paid, begun in the books when their time comes.

The caller holds the customer's row, as `subscriptions.lock` does. A period that is begun late, twice, or
after its successor leaves the account as if each had begun in its time: that is the ledger's promise.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from billing.models import Order, Subscription, SubscriptionPeriod
from billing.services import plans
from ledger.money import NanoUSD
from ledger.services import accounts, periods
from ledger.services.periods import PlanCredit
from redemption.models import Code


def running(subscription: Subscription) -> SubscriptionPeriod | None:
    """Return the latest period that has begun; None if none has."""
    return subscription.periods.exclude(begun_at=None).order_by("-starts_at", "-number").first()


def add(
    subscription: Subscription,
    *,
    starts_at: datetime,
    ends_at: datetime,
    price_cents: int,
    order: Order | None = None,
    code: Code | None = None,
) -> SubscriptionPeriod:
    """Write the next period, which gives what the plan gives now, and begin it if its time has come."""
    plan = subscription.plan
    return _write(
        SubscriptionPeriod(
            subscription=subscription,
            order=order,
            code=code,
            starts_at=starts_at,
            ends_at=ends_at,
            price_cents=price_cents,
            main_nano_usd=plan.main_nano_usd,
            bonus_nano_usd=plan.bonus_nano_usd,
            backup_nano_usd=plan.backup_nano_usd,
        )
    )


def add_trial(subscription: Subscription, *, starts_at: datetime, ends_at: datetime) -> SubscriptionPeriod:
    """Write a period that nobody has paid: a main pool in proportion to its days, all of it bonus.

    A day that has begun counts.
    """
    days = -((starts_at - ends_at) // timedelta(days=1))
    main = max(subscription.plan.main_nano_usd * days // 30, 1)
    return _write(
        SubscriptionPeriod(
            subscription=subscription,
            starts_at=starts_at,
            ends_at=ends_at,
            price_cents=0,
            main_nano_usd=min(main, subscription.plan.main_nano_usd),
            bonus_nano_usd=min(main, subscription.plan.main_nano_usd),
            backup_nano_usd=0,
        )
    )


def begin_due(subscription: Subscription) -> None:
    """Begin every period of ``subscription`` whose time has come, the first first."""
    due = SubscriptionPeriod.objects.due().filter(subscription=subscription)
    for period in due.select_related("subscription__plan", "subscription__customer"):
        _begin(period)


def withdraw(period: SubscriptionPeriod) -> None:
    """Let a period that waits never begin."""
    period.withdrawn_at = timezone.now()
    period.save(update_fields=["withdrawn_at"])


def agree(subscription: Subscription) -> None:
    """Let the books pay from the pools as long as ``subscription`` may be used, as it stands now."""
    period = running(subscription)
    if period is not None:
        account = accounts.open_for(subscription.customer)
        periods.extend(account, period.reference, ends_at=subscription.used_until, refills_at=period.ends_at)


def _write(period: SubscriptionPeriod) -> SubscriptionPeriod:
    latest = period.subscription.periods.order_by("-number").values_list("number", flat=True).first()
    period.number = (latest or 0) + 1
    period.save(force_insert=True)
    if period.starts_at <= timezone.now():
        _begin(period)
    return period


def _begin(period: SubscriptionPeriod) -> None:
    subscription = period.subscription
    periods.turn(
        accounts.open_for(subscription.customer),
        periods.Period(
            period.number,
            period.starts_at,
            max(subscription.used_until, period.ends_at),
            refills_at=period.ends_at,
        ),
        reference=period.reference,
        credit=_credit(period),
        allowance=plans.allowance(subscription.plan),
    )
    period.begun_at = timezone.now()
    period.save(update_fields=["begun_at"])


def _credit(period: SubscriptionPeriod) -> PlanCredit:
    return PlanCredit(
        main=NanoUSD(period.main_nano_usd - period.bonus_nano_usd),
        bonus=NanoUSD(period.bonus_nano_usd),
        backup=NanoUSD(period.backup_nano_usd),
    )
