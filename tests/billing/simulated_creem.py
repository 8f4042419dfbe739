"""What Creem does with the plans of a simulated year: it charges cards, which fail, and tells of it badly."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from billing.models import Order
from billing.providers.facts import SubscriptionChanged
from tests.billing.renewing import CardPlan

PAID, RECOVERED, GIVEN_UP = 0.85, 0.4, 0.15
LOST, DOUBLED = 0.08, 0.25


@dataclass
class Subscribed:
    """One subscription as Creem knows it."""

    plan: CardPlan
    ends_at: datetime
    month: int = 0
    status: str = "active"
    is_to_end: bool = False

    def tells(self, change: str) -> SubscriptionChanged:
        """Return what Creem says of it now; its last payment is part of that."""
        return self.plan.paid(self.month, change=change, status=self.shown)

    @property
    def shown(self) -> str:
        """Return its status as Creem writes it."""
        return "scheduled_cancel" if self.is_to_end and self.status == "active" else self.status


@dataclass
class SimulatedCreem:
    """All subscriptions, and the webhooks that are on their way, each with the moment when it comes."""

    rng: Random
    known: dict[str, Subscribed] = field(default_factory=dict)
    post: list[tuple[datetime, SubscriptionChanged]] = field(default_factory=list)

    def sell(self, order: Order) -> None:
        """Have a buyer pay an order on its page."""
        plan = CardPlan(order=order, id=f"sub_year_{len(self.known)}", starts_at=timezone.now())
        sold = Subscribed(plan, ends_at=plan.paid().period_end or timezone.now())
        self.known[plan.id] = sold
        self.tell(sold, "active")
        self.tell(sold, "paid")
        self.tell(sold, "checkout.completed")

    def tell(self, sold: Subscribed, change: str) -> None:
        """Send a webhook: in time or days late, once or twice, or never."""
        if self.rng.random() < LOST:
            return
        for _copy in range(2 if self.rng.random() < DOUBLED else 1):
            late = timedelta(hours=self.rng.choice([0, 0, 0, 1, 20, 50]))
            self.post.append((timezone.now() + late, sold.tells(change)))

    def a_day_passes(self) -> None:
        """Charge what is due, and let what failed fail on or recover."""
        for sold in self.known.values():
            if sold.status == "active" and sold.ends_at <= timezone.now():
                self._turn(sold)
            elif sold.status == "past_due":
                self._try_again(sold)

    def cancel(self, subscription_id: str, *, at_once: bool) -> SubscriptionChanged:
        """Do what the shop asks for, and answer."""
        sold = self.known[subscription_id]
        sold.is_to_end = True
        if at_once:
            sold.status = "canceled"
        self.tell(sold, sold.shown)
        return sold.tells("asked")

    def resume(self, subscription_id: str) -> SubscriptionChanged:
        """Do what the shop asks for, and answer."""
        sold = self.known[subscription_id]
        sold.is_to_end = False
        self.tell(sold, "update")
        return sold.tells("asked")

    def arrived(self) -> list[SubscriptionChanged]:
        """Return the webhooks that have come by now, in any order."""
        now = timezone.now()
        come = [fact for at, fact in self.post if at <= now]
        self.post = [(at, fact) for at, fact in self.post if at > now]
        self.rng.shuffle(come)
        return come

    def _turn(self, sold: Subscribed) -> None:
        if sold.is_to_end:
            sold.status = "canceled"
            self.tell(sold, "canceled")
        elif self.rng.random() < PAID:
            self._charge(sold)
        else:
            sold.status = "past_due"
            self.tell(sold, "past_due")

    def _try_again(self, sold: Subscribed) -> None:
        if self.rng.random() < RECOVERED:
            sold.status = "active"
            self._charge(sold)
        elif self.rng.random() < GIVEN_UP:
            sold.status = "canceled"
            self.tell(sold, "canceled")

    def _charge(self, sold: Subscribed) -> None:
        sold.month += 1
        sold.ends_at = sold.plan.paid(sold.month).period_end or sold.ends_at
        self.tell(sold, "paid")
