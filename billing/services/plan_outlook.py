"""What comes next of somebody's plan, and what can be done about it: for its owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from accounts.models import Customer
from billing.models import Order, Subscription, SubscriptionPeriod
from billing.services import subscription_wishes, subscriptions

Renewal, State, Wish = Subscription.Renewal, Subscription.State, Subscription.Wish


class Coming(StrEnum):
    """What comes next."""

    RENEWS = "renews"
    INVOICE = "invoice"
    INVOICE_OPEN = "invoice open"
    TRIAL = "trial"
    ENDS = "ends"
    CANCELLED = "cancelled"
    CANCELLING = "cancelling"
    RESUMING = "resuming"
    PAUSED = "paused"
    FAILED = "failed"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What comes next of ``subscription``, and when; ``price_cents`` is that of the next period.

    ``invoice`` waits to be paid. ``waiting`` is bought already and has not begun.
    """

    subscription: Subscription
    coming: Coming
    at: datetime
    price_cents: int
    invoice: Order | None
    waiting: SubscriptionPeriod | None

    @property
    def is_overdue(self) -> bool:
        """Tell whether what is paid for is over: a plan that is cancelled then ends at once."""
        return self.subscription.ends_at <= timezone.now()

    @property
    def is_paused(self) -> bool:
        """Tell whether its owner, or we, have paused it at the provider."""
        return self.subscription.state == State.PAUSED

    @property
    def can_be_cancelled(self) -> bool:
        """Tell whether a renewal can be called off."""
        return subscription_wishes.can_be_cancelled(self.subscription)

    @property
    def can_be_resumed(self) -> bool:
        """Tell whether it can renew again."""
        return subscription_wishes.can_be_resumed(self.subscription)

    @property
    def has_portal(self) -> bool:
        """Tell whether the provider has a page for card and invoices."""
        return self.subscription.provider_customer_id != ""


def of(customer: Customer) -> Outlook | None:
    """Return what comes next of the plan of ``customer``; None without one."""
    held = subscriptions.held_by(customer)
    if held is None:
        return None
    invoice = _open_invoice(held)
    coming, at = _coming(held, invoice)
    return Outlook(
        subscription=held,
        coming=coming,
        at=at,
        price_cents=_price(held, invoice),
        invoice=invoice,
        waiting=held.periods.waiting().first(),
    )


def _coming(held: Subscription, invoice: Order | None) -> tuple[Coming, datetime]:
    if not held.is_of_use:
        return Coming.SUSPENDED, held.ends_at
    if held.wish in {Wish.CANCEL, Wish.CANCEL_NOW}:
        return Coming.CANCELLING, held.ends_at
    if held.wish == Wish.RESUME:
        return Coming.RESUMING, held.ends_at
    if held.renewal == Renewal.INVOICE:
        return _invoice(held, invoice)
    if held.renewal == Renewal.CARD:
        return _card(held)
    return Coming.ENDS, held.ends_at


def _invoice(held: Subscription, invoice: Order | None) -> tuple[Coming, datetime]:
    if invoice is not None:
        return Coming.INVOICE_OPEN, held.used_until
    sent_at = held.ends_at - timedelta(days=settings.PLAN_INVOICE_DAYS)
    return Coming.INVOICE, max(sent_at, timezone.now())


def _card(held: Subscription) -> tuple[Coming, datetime]:
    match held.state:
        case State.TRIALING:
            return Coming.TRIAL, held.ends_at
        case State.SCHEDULED_CANCEL | State.CANCELLED:
            return Coming.CANCELLED, held.ends_at
        case State.PAUSED:
            return Coming.PAUSED, held.ends_at
        case State.PAST_DUE | State.UNPAID | State.EXPIRED:
            return Coming.FAILED, held.used_until
        case _:
            return Coming.RENEWS, held.ends_at


def _open_invoice(held: Subscription) -> Order | None:
    return held.renewals.filter(state__in=Order.UNPAID).order_by("-pk").first()


def _price(held: Subscription, invoice: Order | None) -> int:
    if invoice is not None:
        return invoice.price_cents
    agreed = held.order if held.renewal == Renewal.CARD else None
    return agreed.price_cents if agreed is not None else held.plan.price_cents
