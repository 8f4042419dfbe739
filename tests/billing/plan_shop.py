"""Somebody at the page of a plan, what Creem tells of it, and what the books keep of it."""

from datetime import timedelta

from django.db.models import F
from django.test import Client

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.models import InboxEvent, Mode, Order, Plan, Subscription, SubscriptionPeriod
from billing.services import orders, plans, proof
from billing.services.orders import Buyer
from ledger.models import Account, AccountAllowance
from ledger.services import accounts
from ledger.services import proof as ledger_proof
from tests.billing import creem_said, paying
from tests.factories import billing as make


def take(member: Client, slug: str, *, way: str = "creem", **typed: str) -> Order:
    """Fill in the page of a plan and send it."""
    shown = member.get(f"/plans/{slug}").context["form"].initial
    answer = member.post(f"/plans/{slug}", {**shown, "way": way, **typed})
    assert answer.status_code == 302
    return Order.objects.latest("pk")


def pay(order: Order, **changes: object) -> Order:
    """Let Creem tell that ``order`` was paid, and have that handled."""
    told = {"tag": str(order.pk), "product_id": order.product_id, "amount": order.price_cents, **changes}
    assert creem_said.tell(creem_said.completed(order.reference, **told)) == 200  # type: ignore[arg-type]
    for event in InboxEvent.objects.filter(handled_at=None):
        tasks.handle_event(event.pk)
    return Order.objects.get(pk=order.pk)


def account_of(user: User) -> Account:
    return accounts.open_for(customers.of_user(user))


def spend(user: User, **pools: int) -> None:
    """Pretend that calls have spent from the plan's pools; the books are not looked at after this."""
    account = account_of(user)
    Account.objects.filter(pk=account.pk).update(
        **{f"{pool}_balance_nano_usd": amount for pool, amount in pools.items()}
    )


def age(subscription: Subscription, days: float) -> None:
    """Let a subscription have begun so long ago."""
    by = timedelta(days=days)
    SubscriptionPeriod.objects.filter(subscription=subscription).update(
        starts_at=F("starts_at") - by, ends_at=F("ends_at") - by
    )
    Subscription.objects.filter(pk=subscription.pk).update(
        **{moment: F(moment) - by for moment in ("began_at", "anchor_at", "ends_at", "closes_at")}
    )
    AccountAllowance.objects.filter(account__customer=subscription.customer).update(
        period_starts_at=F("period_starts_at") - by, period_ends_at=F("period_ends_at") - by
    )


def books_agree() -> bool:
    with ledger_proof.snapshot():
        return [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


def paid(slug: str, user: User, *, dollars: int) -> Order:
    """Return the paid order of a pass of a plan, offered now if it is not, that is to be delivered."""
    plan = Plan.objects.filter(slug=slug).first() or make.plan(slug, dollars=dollars)
    buyer = Buyer(email=user.email, language="en", user=user)
    return paying.pay(orders.place(plans.sale(plan, "creem", renews=False), buyer, mode=Mode.TEST))
