"""Subscriptions: who has which plan, from the payment or code that begins it until nothing continues it.

A customer's row is the lock: of two payments that begin a plan at once, the second finds the first. The books
stop paying from a plan's pools at its end by themselves; the sweep that ends it here may come late.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Customer
from billing.errors import PlanInTheWay
from billing.models import Order, OrderMail, Plan, Provider, Subscription, SubscriptionPeriod
from billing.services import cycles, mails, plan_periods, plan_switch
from ledger.services import accounts, periods
from redemption.models import Code

Renewal, State, End = Subscription.Renewal, Subscription.State, Subscription.End

WARNED_BEFORE = timedelta(days=3)
# How long after its end a renewal may have been silent before the provider is asked.
SILENCE = timedelta(hours=1)
AT_ONCE = 500


def live_of(customer: Customer) -> Subscription | None:
    """Return the plan that ``customer`` has now; one that is of no use is none, also before it is ended."""
    held = held_by(customer)
    return held if held is not None and held.is_of_use else None


def held_by(customer: Customer) -> Subscription | None:
    """Return the plan of ``customer`` that has not ended, which may be suspended until a payment comes."""
    return Subscription.objects.live().select_related("plan").filter(customer=customer).first()


def current_period(subscription: Subscription) -> SubscriptionPeriod:
    """Return the period of a subscription that has begun last: the one that runs while it lives."""
    period = plan_periods.running(subscription)
    assert period is not None  # noqa: S101 - a subscription that was ever live begins with one
    return period


def lock(customer_pk: int) -> Customer:
    """Lock the row of a customer against every other change of plan, to the end of the transaction."""
    return Customer.objects.select_for_update(no_key=True).get(pk=customer_pk)


def begin(order: Order) -> SubscriptionPeriod | None:
    """Begin, or go on with, the plan that ``order`` has paid; the caller's transaction holds its row.

    Another plan that the customer still has ends with it, and its unused part is credited to the wallet. A
    pass of the very plan that a pass has given waits for its end. Nothing begins, and None is returned, when
    that is not what the payment is good for: the plan renews by itself already, or has been left.
    """
    assert order.plan is not None  # noqa: S101 - order_of_a_plan_is_delivered_as_one
    customer = lock(order.customer_id)
    end_what_ran_out(customer)
    held, begun_pk = held_by(customer), _begun_by(order)
    if held is not None and held.pk in {order.renewal_of_id, begun_pk}:
        return _go_on(held, order)
    if begun_pk is not None or _renews_what_was_left(order, held):
        return None
    if held is not None and held.is_of_use and held.plan_id == order.plan_id:
        return _queue(held, order)
    if held is not None:
        _leave(held, order)
    return _start(customer, order)


@transaction.atomic
def begin_by_code(customer: Customer, plan: Plan, *, days: int, code: Code) -> SubscriptionPeriod:
    """Give ``customer`` so many days of ``plan``, in the caller's transaction, which has claimed the code.

    The same plan, if it does not renew by itself, goes on for as much longer, and one that is suspended gives
    way. Raises PlanInTheWay for whoever has any other.
    """
    end_what_ran_out(lock(customer.pk))
    held = held_by(customer)
    if held is not None and not held.is_of_use:
        finish(held, End.SWITCHED)
        held = None
    if held is not None and (held.plan_id != plan.pk or held.renewal != Renewal.NONE):
        raise PlanInTheWay
    starts_at = held.ends_at if held is not None else timezone.now()
    ends_at = starts_at + timedelta(days=days)
    held = held or _open(Subscription(customer=customer, plan=plan), starts_at, ends_at)
    return _add(held, starts_at, ends_at, code=code)


def begin_trial(order: Order, begun: Subscription, *, until: datetime) -> Subscription:
    """Begin the plan of an ``order`` that is not paid yet, for the days that its provider gives for nothing.

    ``begun`` names the provider's subscription. Nothing begins for somebody who has a plan.
    """
    now = timezone.now()
    begun.customer, begun.order, begun.state = lock(order.customer_id), order, State.TRIALING
    end_what_ran_out(begun.customer)
    if until > now and held_by(begun.customer) is None:
        subscription = _open(begun, now, until)
        plan_periods.add_trial(subscription, starts_at=now, ends_at=until)
    else:
        subscription = needless(begun)
    return subscription


def needless(subscription: Subscription) -> Subscription:
    """Write down a provider's subscription that gives nobody a plan, so that it is cancelled there."""
    now = timezone.now()
    subscription.ends_at = subscription.closes_at = subscription.ended_at = now
    subscription.end = End.NEEDLESS
    wish_away(subscription)
    subscription.save(force_insert=True)
    return subscription


def cancel_needless(order: Order) -> None:
    """Cancel at its provider what ``order`` has bought, as it gives nobody a plan.

    Nothing for an order that renews a plan: that is cancelled by itself.
    """
    payment = order.payment
    if order.plan is None or not payment.subscription_id or order.renewal_of_id is not None:
        return
    known = Subscription.objects.filter(provider_subscription_id=payment.subscription_id).first()
    if known is not None:
        wish_away(known)
        known.save()
        return
    needless(
        Subscription(
            customer=order.customer,
            plan=order.plan,
            order=order,
            renewal=Renewal.CARD,
            provider_subscription_id=payment.subscription_id,
            provider_customer_id=payment.customer_id,
        )
    )


def settle(subscription: Subscription) -> None:
    """Save ``subscription``, whose renewal, state or end has changed, and let the books pay that long.

    The caller holds the customer's row.
    """
    subscription.closes_at = None if subscription.is_open else subscription.used_until
    subscription.ask_at = _to_be_asked(subscription)
    subscription.save()
    if subscription.ended_at is None:
        plan_periods.agree(subscription)


def takes_more(held: Subscription, *, by_card: bool) -> bool:
    """Tell whether more of its plan can be bought for ``held``; a card that renews is charged too soon."""
    return held.renewal == Renewal.NONE and not by_card


def due() -> list[int]:
    """Return the customers with a period to begin or a plan to end, first those whose plans go on."""
    turning = SubscriptionPeriod.objects.due().values_list("subscription__customer_id", flat=True)
    ending = Subscription.objects.to_end().values_list("customer_id", flat=True)
    return list(dict.fromkeys([*turning[:AT_ONCE], *ending[:AT_ONCE]]))


@transaction.atomic(durable=True)
def tend(customer_pk: int) -> None:
    """Begin the periods of a customer that are due, and end what nothing continues; the wallet stays."""
    end_what_ran_out(lock(customer_pk))


def end_what_ran_out(customer: Customer) -> None:
    """Do what `tend` does, in the caller's transaction, which holds the customer's row."""
    held = Subscription.objects.live().select_related("plan", "customer").filter(customer=customer).first()
    if held is None:
        return
    plan_periods.begin_due(held)
    if held.closes_at is not None and held.closes_at <= timezone.now():
        finish(held, End.RAN_OUT if held.renewal != Renewal.CARD else End.CANCELLED)


def warn_of_ends() -> None:
    """Promise a mail to everybody whose plan ends within three days; each end is told once."""
    soon = timezone.now() + WARNED_BEFORE
    for subscription in Subscription.objects.to_warn(soon).select_related("order")[:AT_ONCE]:
        _warn(subscription)


@transaction.atomic
def _warn(subscription: Subscription) -> None:
    """Promise the mail; one whose end has moved since then is told of that, too."""
    assert subscription.order is not None  # noqa: S101 - to_warn leaves those out
    occasion = f"{subscription.closes_at:%Y-%m-%d %H:%M}"
    mails.owe(subscription.order, OrderMail.Kind.PLAN_ENDS, occasion=occasion)
    Subscription.objects.filter(pk=subscription.pk).update(warned_for=subscription.closes_at)


@transaction.atomic
def stop(order: Order) -> None:
    """End the plan whose running period ``order`` has paid, now, because its money went back.

    What is paid beyond that is credited to the wallet; days that a code has given begin at once instead. A
    period that waits never begins, and one that is over changes nothing.
    """
    held = held_by(lock(order.customer_id))
    period = held.periods.filter(order=order).first() if held is not None else None
    if held is None or period is None:
        return
    if period.begun_at is None:
        _withdraw(held, period)
    elif period == current_period(held) and held.periods.waiting().exclude(code=None).exists():
        _go_on_now(held, period)
    elif period == current_period(held):
        plan_switch.pay_back_waiting(held)
        finish(held, End.REFUNDED)


def finish(subscription: Subscription, why: Subscription.End) -> None:
    """End a plan now; what may still be charged for it is cancelled at its provider, until that is done."""
    period = plan_periods.running(subscription)
    if period is not None:
        periods.end(accounts.open_for(subscription.customer), period.reference)
    subscription.ended_at, subscription.end = timezone.now(), why
    subscription.closes_at = subscription.closes_at or subscription.ended_at
    subscription.ask_at = None
    if why != End.CANCELLED or subscription.wish == Subscription.Wish.RESUME:
        wish_away(subscription)
    subscription.save()


def was_by_invoice(held: Subscription) -> bool:
    """Tell whether the last period that ``held`` has, or will have, was sold to be renewed by an invoice."""
    latest = held.periods.select_related("order").filter(withdrawn_at=None).order_by("-number").first()
    order = latest.order if latest is not None else None
    return order is not None and order.renews and order.provider == Provider.NOWPAYMENTS


def wish_away(subscription: Subscription) -> None:
    """Have the provider's subscription cancelled at once, if there is one; the row is not saved."""
    if subscription.provider_subscription_id and subscription.state != State.CANCELLED:
        subscription.wish, subscription.wish_at = Subscription.Wish.CANCEL_NOW, timezone.now()
        subscription.wish_attempts = 0


def _begun_by(order: Order) -> int | None:
    return Subscription.objects.filter(order=order).values_list("pk", flat=True).first()


def _renews_what_was_left(order: Order, held: Subscription | None) -> bool:
    """Tell whether nothing is left that ``order`` could renew; an invoice paid late begins the plan again."""
    return order.renewal_of_id is not None and (held is not None or order.provider == Provider.CREEM)


def _go_on(held: Subscription, order: Order) -> SubscriptionPeriod:
    """Add the period that a renewal has paid: the time that its payment names, else the next month.

    What follows a trial begins with its payment: that is when months begin to count. So does what comes when
    nothing is left to go on with.
    """
    payment = order.payment
    starts_at = payment.covers_from or held.ends_at
    if held.order_id == order.pk or not (payment.covers_from or held.is_of_use):
        starts_at = held.anchor_at = timezone.now()
    if held.state == State.TRIALING:
        held.state = State.ACTIVE
    ends_at = payment.covers_until or cycles.next_end(held.anchor_at, after=starts_at)
    return _add(held, starts_at, max(ends_at, starts_at + cycles.SHORTEST), order=order)


def _queue(held: Subscription, order: Order) -> SubscriptionPeriod | None:
    """Let what was bought again wait for the end of a pass. A card would be charged before, and is not taken.

    An order that renews by invoices makes the pass do so, too.
    """
    by_card = order.renews and order.provider == Provider.CREEM
    if not takes_more(held, by_card=by_card):
        return None
    starts_at = held.ends_at
    held.order = held.order or order  # a code began it: mails and invoices go by the order from now on
    if order.renews:
        held.renewal, held.anchor_at = Renewal.INVOICE, starts_at
    return _add(held, starts_at, _first_end(order, starts_at), order=order)


def _leave(held: Subscription, order: Order) -> None:
    now = timezone.now()
    plan_switch.leave(current_period(held), order, at=now)
    plan_switch.pay_back_waiting(held)
    finish(held, End.SWITCHED)


def _start(customer: Customer, order: Order) -> SubscriptionPeriod:
    assert order.plan is not None  # noqa: S101 - order_of_a_plan_is_delivered_as_one
    begun = Subscription(
        customer=customer,
        plan=order.plan,
        order=order,
        renewal=_renewal(order),
        provider_subscription_id=order.payment.subscription_id,
        provider_customer_id=order.payment.customer_id if order.payment.subscription_id else "",
    )
    # A provider's clock may be ahead of ours.
    starts_at = min(order.payment.covers_from or timezone.now(), timezone.now())
    ends_at = order.payment.covers_until or _first_end(order, starts_at)
    return _add(_open(begun, starts_at, ends_at), starts_at, ends_at, order=order)


def _renewal(order: Order) -> Subscription.Renewal:
    if not order.renews:
        return Renewal.NONE
    if order.provider != Provider.CREEM:
        return Renewal.INVOICE
    return Renewal.CARD if order.payment.subscription_id else Renewal.NONE


def _first_end(order: Order, starts_at: datetime) -> datetime:
    return cycles.next_end(starts_at, after=starts_at) if order.renews else starts_at + cycles.PASS


def _open(begun: Subscription, starts_at: datetime, ends_at: datetime) -> Subscription:
    begun.began_at = begun.anchor_at = starts_at
    begun.ends_at = begun.closes_at = ends_at
    settle(begun)
    return begun


def _add(
    held: Subscription,
    starts_at: datetime,
    ends_at: datetime,
    *,
    order: Order | None = None,
    code: Code | None = None,
) -> SubscriptionPeriod:
    held.ends_at = max(held.ends_at, ends_at)
    period = plan_periods.add(
        held,
        starts_at=starts_at,
        ends_at=ends_at,
        price_cents=order.price_cents if order is not None else 0,
        order=order,
        code=code,
    )
    settle(held)
    return period


def _go_on_now(held: Subscription, period: SubscriptionPeriod) -> None:
    """Let what waits begin in the place of ``period``, which runs."""
    left = period.ends_at - timezone.now()
    held.periods.waiting().update(starts_at=F("starts_at") - left, ends_at=F("ends_at") - left)
    held.ends_at -= left
    settle(held)
    plan_periods.begin_due(held)
    settle(held)


def _withdraw(held: Subscription, period: SubscriptionPeriod) -> None:
    """Take back a period that waits: what follows it begins earlier, and the plan ends earlier."""
    length = period.ends_at - period.starts_at
    held.periods.waiting().filter(starts_at__gt=period.starts_at).update(
        starts_at=F("starts_at") - length, ends_at=F("ends_at") - length
    )
    held.ends_at -= length
    plan_periods.withdraw(period)
    if held.renewal == Renewal.INVOICE and not was_by_invoice(held):
        held.renewal = Renewal.NONE
    settle(held)


def _to_be_asked(subscription: Subscription) -> datetime | None:
    """Return when the provider is to be asked, should nothing be told until then."""
    if subscription.ended_at is not None or not subscription.is_open:
        return None
    return max(subscription.ends_at + SILENCE, timezone.now() + SILENCE)
