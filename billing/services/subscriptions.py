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
    """Return the plan that ``customer`` has now."""
    return Subscription.objects.live().select_related("plan").filter(customer=customer).first()


def current_period(subscription: Subscription) -> SubscriptionPeriod:
    """Return the latest period of a subscription: the one that runs while it lives."""
    return subscription.periods.latest("number")


def begin(order: Order) -> SubscriptionPeriod:
    """Begin the plan that ``order`` has paid, in the caller's transaction, which holds the order's row.

    A plan that the customer still has ends with it, and its unused part is credited to the wallet.
    """
    assert order.plan is not None  # noqa: S101 - order_of_a_plan_is_delivered_as_one
    customer = lock(order.customer_id)
    left, now = live_of(customer), timezone.now()
    if left is not None:
        plan_switch.leave(current_period(left), order, at=now)
        _close(left, Subscription.End.SWITCHED, at=now)
    subscription = Subscription.objects.create(
        customer=customer, plan=order.plan, order=order, began_at=now, ends_at=now + PASS
    )
    return _begin_period(subscription, order, number=1, starts_at=now)


def end_due() -> None:
    """End every plan whose time is over; the wallet stays as it is."""
    for pk in Subscription.objects.to_end().values_list("pk", flat=True)[:AT_ONCE]:
        _end_if_due(pk)


def warn_of_ends() -> None:
    """Promise a mail to everybody whose plan ends within three days; each end is told once."""
    soon = timezone.now() + WARNED_BEFORE
    for subscription in Subscription.objects.to_warn(soon).select_related("order")[:AT_ONCE]:
        mails.owe(subscription.order, OrderMail.Kind.PLAN_ENDS)


@transaction.atomic
def stop(order: Order) -> None:
    """End the plan that ``order`` began, now, because its money went back; nothing if it has ended."""
    customer = lock(order.customer_id)
    subscription = live_of(customer)
    if subscription is not None and subscription.order_id == order.pk:
        _end(subscription, Subscription.End.REFUNDED)


def lock(customer_pk: int) -> Customer:
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


@transaction.atomic(durable=True)
def _end_if_due(pk: int) -> None:
    customer = lock(Subscription.objects.get(pk=pk).customer_id)
    subscription = Subscription.objects.to_end().filter(pk=pk, customer=customer).first()
    if subscription is not None:
        _end(subscription, Subscription.End.RAN_OUT)


def _end(subscription: Subscription, why: Subscription.End) -> None:
    account = accounts.open_for(subscription.customer)
    periods.end(account, current_period(subscription).reference)
    _close(subscription, why, at=timezone.now())


def _close(subscription: Subscription, why: Subscription.End, *, at: datetime) -> None:
    subscription.ended_at, subscription.end = at, why
    subscription.save(update_fields=["ended_at", "end"])
