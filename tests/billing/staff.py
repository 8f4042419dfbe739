"""Staff with rights in the shop, and a sale with everything that can happen to one."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from billing.models import (
    AgentJob,
    Deposit,
    InboxEvent,
    Order,
    OrderMail,
    Package,
    Payment,
    Plan,
    Refund,
    Review,
    Subscription,
    Transfer,
)
from billing.services import refunds, reviews
from tests.billing import paying
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory

SHOP = [
    Package, Plan, Order, InboxEvent, Review, Payment, OrderMail, Deposit, Refund, Transfer, AgentJob,
    Subscription,
]  # fmt: skip

# What people know of a sale when they search.
SEARCHES: list[tuple[type[Any], Callable[[Order], str]]] = [
    (Package, lambda order: order.package.slug if order.package else ""),
    (Plan, lambda order: order.subscription.plan.slug),
    (Subscription, lambda order: order.reference),
    (Subscription, lambda order: order.email.upper()),
    (Order, lambda order: order.reference),
    (Order, lambda order: order.email.upper()),
    (Order, lambda order: order.provider_order_id),
    (Order, lambda order: order.checkout_id),
    (Order, lambda order: order.payment.transaction_id),
    (InboxEvent, lambda order: order.events.get().event_id),
    (InboxEvent, lambda order: order.reference),
    (Review, lambda order: order.reviews.get().subject),
    (Review, lambda order: order.reference),
    (Review, lambda order: order.email.upper()),
    (Payment, lambda order: order.payment.transaction_id),
    (Payment, lambda order: order.reference),
    (Payment, lambda order: order.email.upper()),
    (Deposit, lambda order: order.deposits.get().payment_id),
    (Deposit, lambda order: order.reference),
    (Deposit, lambda order: order.email.upper()),
    (Refund, lambda order: order.reference),
    (Refund, lambda order: order.email.upper()),
    (Transfer, lambda order: order.transfer.memo),
    (Transfer, lambda order: order.reference),
    (Transfer, lambda order: order.email.upper()),
    (AgentJob, lambda order: order.reference),
    (AgentJob, lambda order: order.email.upper()),
    (OrderMail, lambda order: order.reference),
    (OrderMail, lambda order: order.email.upper()),
]


def staff_who_may(*rights: str) -> Client:
    """Return the browser of somebody with these rights in the shop."""
    person, client = StaffFactory.create(), Client()
    of_shop = Permission.objects.filter(content_type__app_label__in=["billing", "redemption"])
    person.user_permissions.set(of_shop.filter(codename__in=rights))
    client.force_login(person)
    return client


def a_sale(slug: str = "standard") -> Order:
    """Return a paid order with an event, a payment, a review, a mail, and an address that got no coins.

    A cent of it went back, and it stands in the queues of work by hand.
    """
    order = make.order(make.package(slug), email=f"{slug}@example.com")
    Order.objects.filter(pk=order.pk).update(checkout_id=f"ch_{slug}", state=Order.State.PENDING)
    order = paying.pay(Order.objects.get(pk=order.pk))
    event = InboxEvent.objects.create(
        provider="creem",
        event_id=f"evt_{slug}",
        kind="checkout.completed",
        body=json.dumps({"object": {"customer": {"email": "payer@example.com"}}}).encode(),
        order=order,
    )
    reviews.open(
        Review.Reason.PAID_TWICE, subject=f"creem tran_{slug}", detail="twice", order=order, event=event
    )
    Deposit.objects.create(order=order, payment_id=f"coins_{slug}", coin="ltc", state="expired", use="empty")
    refunds.refund(order, 1, origin=Refund.Origin.AGENT, reason="a cent")
    Transfer.objects.create(
        order=order,
        channel=make.channel(slug),
        memo=f"MEMO{slug}".upper(),
        currency="USD",
        state=Transfer.State.SUBMITTED,
        submitted_at=timezone.now(),
        transaction_reference=f"TX-{slug}",
        reference_key=f"tx{slug}",
    )
    _job(order, slug)
    _subscribe(order, slug)
    assert OrderMail.objects.filter(order=order).count() == 1
    return order


def _subscribe(order: Order, slug: str) -> None:
    ends_at = timezone.now() + timedelta(days=30)
    Subscription.objects.create(
        customer=order.customer, plan=make.plan(slug), order=order, ends_at=ends_at, closes_at=ends_at
    )


def _job(order: Order, slug: str) -> None:
    AgentJob.objects.create(
        order=order,
        vendor=make.vendor(slug),
        account_email="me@example.org",
        amount_cents=500,
        fee_cents=0,
        state=AgentJob.State.OPEN,
    )
