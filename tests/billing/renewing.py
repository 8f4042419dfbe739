"""A plan that Creem charges every month, as told by facts: what the shop makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing import tasks
from billing.models import Mode, Order, Plan, Subscription
from billing.providers import facts
from billing.providers.facts import SubscriptionChanged
from billing.services import cycles, orders, payments, plans
from billing.services.orders import Buyer
from billing.services.outcomes import Applied
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

_numbers = count(1)


@dataclass(kw_only=True)
class CardPlan:
    """One subscription at Creem, from its order on; `says` makes what Creem would tell of it."""

    order: Order
    id: str
    starts_at: datetime
    clock: Iterator[int] = field(default_factory=count)

    @property
    def ours(self) -> Subscription:
        return Subscription.objects.get(provider_subscription_id=self.id)

    def says(self, change: str, status: str = "active", **details: Any) -> SubscriptionChanged:
        told: dict[str, Any] = {
            "provider": "creem",
            "mode": facts.Mode.TEST,
            "reference": self.order.reference,
            "customer_id": "cust_1",
            "subscription_id": self.id,
            "change": change,
            "status": status,
            "product_id": self.order.product_id,
            "units": 1,
            "as_of": timezone.now() + timedelta(seconds=next(self.clock)),
        }
        return SubscriptionChanged(**{**told, **details})

    def paid(self, month: int = 0, *, change: str = "paid", **details: Any) -> SubscriptionChanged:
        """Return what tells that the month with this number was paid."""
        starts_at = self.starts_at
        for _month in range(month):
            starts_at = cycles.next_end(self.starts_at, after=starts_at)
        told: dict[str, Any] = {
            "transaction_id": f"{self.id}_tran_{month}",
            "provider_order_id": f"{self.id}_ord_{month}",
            "currency": "USD",
            "amount_cents": self.order.price_cents,
            "tax_cents": 0,
            "paid_cents": self.order.price_cents,
            "period_start": starts_at,
            "period_end": cycles.next_end(self.starts_at, after=starts_at),
        }
        return self.says(change, **{**told, **details})


def taken(
    slug: str = "starter", *, user: User | None = None, dollars: int = 10, days_ago: float = 0
) -> CardPlan:
    """Return a plan that somebody was sent to Creem for so long ago; nothing is paid."""
    user = user or UserFactory.create()
    plan = Plan.objects.filter(slug=slug).first() or make.plan(slug, dollars=dollars)
    buyer = Buyer(email=user.email, language="en", user=user)
    order = orders.place(plans.sale(plan, "creem", renews=True), buyer, mode=Mode.TEST)
    starts_at = timezone.now() - timedelta(days=days_ago)
    return CardPlan(order=order, id=f"sub_{next(_numbers)}", starts_at=starts_at)


def begun(slug: str = "starter", **facts_of_it: Any) -> CardPlan:
    """Return such a plan whose first month is paid."""
    plan = taken(slug, **facts_of_it)
    hear(plan.paid())
    return plan


def hear(*told: SubscriptionChanged) -> Applied:
    """Apply the facts one after another, and deliver what they pay; return what the last came to."""
    return [_heard(fact) for fact in told][-1]


def _heard(fact: SubscriptionChanged) -> Applied:
    with transaction.atomic(durable=True):
        applied = payments.apply(fact)
    if applied.order is not None and applied.order.deliver_at is not None:
        tasks.deliver_order(applied.order.pk)
    return applied
