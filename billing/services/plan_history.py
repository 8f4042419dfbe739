"""What somebody's plans were: their periods and switches, and a statement of each period."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Customer
from billing.models import Payment, PlanSwitch, SubscriptionPeriod
from ledger.money import NanoUSD
from ledger.services import accounts, period_statements
from ledger.services.period_statements import PeriodUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One period: what was paid for it, what it gave, what calls took of that, and what a switch credited."""

    period: SubscriptionPeriod
    payment: Payment | None
    use: PeriodUse
    switch: PlanSwitch | None

    @property
    def main_left(self) -> NanoUSD:
        """Return what calls did not take of the main pool: it expires, or has expired, with the period."""
        return NanoUSD(self.period.main_nano_usd - self.use.main)

    @property
    def backup_left(self) -> NanoUSD:
        """Return what calls did not take of the backup pool."""
        return NanoUSD(self.period.backup_nano_usd - self.use.backup)


def periods_of(customer: Customer) -> "QuerySet[SubscriptionPeriod]":
    """Return the periods of all plans of ``customer``, the newest first."""
    every = SubscriptionPeriod.objects.filter(subscription__customer=customer)
    return every.select_related("subscription__plan", "order").order_by("-starts_at", "-pk")


def switches_of(customer: Customer) -> "QuerySet[PlanSwitch]":
    """Return the switches that ``customer`` has made, the newest first."""
    made = PlanSwitch.objects.filter(order__customer=customer, switched_at__isnull=False)
    return made.select_related("order", "period__subscription__plan").order_by("-switched_at")


def statement(customer: Customer, period_pk: int) -> Statement | None:
    """Return the statement of a period of ``customer`` that has begun; None for any other."""
    period = periods_of(customer).filter(pk=period_pk).exclude(begun_at=None).first()
    if period is None:
        return None
    return Statement(
        period=period,
        payment=Payment.objects.filter(order=period.order_id).first() if period.order_id else None,
        use=period_statements.use_of(accounts.open_for(customer), period.reference),
        switch=switches_of(customer).filter(period=period).first(),
    )
