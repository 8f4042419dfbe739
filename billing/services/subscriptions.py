"""Subscriptions: who has which plan, from the payment that begins it until its time is over.

A customer's row is the lock: of two payments that begin a plan at once, the second finds the first. The books
stop paying from a plan's pools at its end by themselves; the sweep that ends it here may come late.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from billing.models import Order, OrderMail, Subscription, SubscriptionPeriod
from billing.services import mails, plan_switch, plans
from ledger.services import accounts, periods

PASS = timedelta(days=30)
WARNED_BEFORE = timedelta(days=3)
AT_ONCE = 500


def live_of(customer: Customer) -> Subscription | None:
    """Return the plan that ``customer`` has now; one whose time is over is none, also before it is ended."""
    return Subscription.objects.running().select_related("plan").filter(customer=customer).first()


def current_period(subscription: Subscription) -> SubscriptionPeriod:
    """Return the latest period of a subscription: the one that runs while it lives."""
    return subscription.periods.latest("number")


def begin(order: Order) -> SubscriptionPeriod | None:
    """Begin the plan that ``order`` has paid, in the caller's transaction, which holds the order's row.

    Another plan that the customer still has ends with it, and its unused part is credited to the wallet.
    Nothing happens, and None is returned, for a customer who has just this plan.
    """
    assert order.plan is not None  # noqa: S101 - order_of_a_plan_is_delivered_as_one
    customer = _lock(order.customer_id)
    _end_what_ran_out(customer)
    left, now = live_of(customer), timezone.now()
    if left is not None and left.plan_id == order.plan_id:
        return None
    if left is not None:
        plan_switch.leave(current_period(left), order, at=now)
        _close(left, Subscription.End.SWITCHED, at=now)
    subscription = Subscription.objects.create(
        customer=customer, plan=order.plan, order=order, began_at=now, ends_at=now + PASS
    )
    return _begin_period(subscription, order, number=1, starts_at=now)


def due() -> list[int]:
    """Return the customers whose plan is to be ended, those whose time ended first, and not too many."""
    return list(Subscription.objects.to_end().values_list("customer_id", flat=True)[:AT_ONCE])


@transaction.atomic(durable=True)
def end_due(customer_pk: int) -> None:
    """End the plan of a customer if its time is over; the wallet stays as it is."""
    _end_what_ran_out(_lock(customer_pk))


def warn_of_ends() -> None:
    """Promise a mail to everybody whose plan ends within three days; each end is told once."""
    soon = timezone.now() + WARNED_BEFORE
    for subscription in Subscription.objects.to_warn(soon).select_related("order")[:AT_ONCE]:
        mails.owe(subscription.order, OrderMail.Kind.PLAN_ENDS)


@transaction.atomic
def stop(order: Order) -> None:
    """End the plan that ``order`` began, now, because its money went back; nothing if it has ended."""
    subscription = live_of(_lock(order.customer_id))
    if subscription is not None and subscription.order_id == order.pk:
        _end(subscription, Subscription.End.REFUNDED)


def _lock(customer_pk: int) -> Customer:
    """Lock the row of a customer against every other change of plan, to the end of the transaction."""
    return Customer.objects.select_for_update(no_key=True).get(pk=customer_pk)


def _begin_period(
    subscription: Subscription, order: Order, *, number: int, starts_at: datetime
) -> SubscriptionPeriod:
    plan, credit = subscription.plan, plans.credit(subscription.plan)
    period = SubscriptionPeriod.objects.create(
        subscription=subscription,
        order=order,
        number=number,
        starts_at=starts_at,
        ends_at=subscription.ends_at,
        price_cents=order.price_cents,
        main_nano_usd=plan.main_nano_usd,
        bonus_nano_usd=credit.bonus,
        backup_nano_usd=credit.backup,
    )
    periods.begin(
        accounts.open_for(subscription.customer),
        periods.Period(number, starts_at, subscription.ends_at),
        reference=period.reference,
        credit=credit,
        allowance=plans.allowance(plan),
    )
    return period


def _end_what_ran_out(customer: Customer) -> None:
    for subscription in Subscription.objects.to_end().filter(customer=customer):
        _end(subscription, Subscription.End.RAN_OUT)


def _end(subscription: Subscription, why: Subscription.End) -> None:
    account = accounts.open_for(subscription.customer)
    periods.end(account, current_period(subscription).reference)
    _close(subscription, why, at=timezone.now())


def _close(subscription: Subscription, why: Subscription.End, *, at: datetime) -> None:
    subscription.ended_at, subscription.end = at, why
    subscription.save(update_fields=["ended_at", "end"])
