"""The shop day by day: what was ordered, paid and delivered, and what must not be missed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.models import AgentJob, Order, Payment, Review, Transfer
from billing.services import delivery, reconciliation
from billing.services.reconciliation import Health

DAYS = 14


class Line(NamedTuple):
    """One day of one provider in one currency."""

    day: date
    provider: str
    currency: str


@dataclass(slots=True)
class Figures:
    """What happened on a line of the report; money in hundredths."""

    ordered: int = 0
    paid: int = 0
    delivered: int = 0
    amount_cents: int = 0
    tax_cents: int = 0


class Alarms(NamedTuple):
    """What must not be missed: money that brought nothing yet, and comparisons that do not happen."""

    open_reviews: int
    undelivered: int
    # Told of by buyers and waiting to be decided about; paid, and waiting to be worked on.
    transfers: int
    jobs: int
    health: list[Health]

    @property
    def is_any(self) -> bool:
        """Tell whether anything needs a person."""
        return any((self.open_reviews, self.undelivered, self.transfers, self.jobs, self.troubled))

    @property
    def troubled(self) -> list[Health]:
        """Return the comparisons that failed last, or did not happen for hours."""
        failed = (each for each in self.health if each.newest is not None and each.newest.error)
        return list({each.provider: each for each in [*failed, *self._overdue()]}.values())

    def _overdue(self) -> list[Health]:
        return [each for each in self.health if each.is_overdue]


def lines() -> list[tuple[Line, Figures]]:
    """Return the last two weeks, the newest day first, in the days of the site's time zone."""
    since = timezone.now() - timedelta(days=DAYS)
    found: defaultdict[Line, Figures] = defaultdict(Figures)
    for row in _orders(since):
        found[_line(row)].ordered = row["ordered"]
    for row in _payments(since):
        figures = found[_line(row)]
        figures.paid, figures.delivered = row["paid"], row["delivered"]
        figures.amount_cents, figures.tax_cents = row["amount"], row["tax"] or 0
    return sorted(found.items(), key=_place)


def alarms() -> Alarms:
    """Return what needs a person now."""
    return Alarms(
        open_reviews=Review.objects.open().count(),
        undelivered=delivery.overdue().count(),
        transfers=Transfer.objects.submitted().count(),
        jobs=AgentJob.objects.to_do().count(),
        health=reconciliation.health(),
    )


def _place(item: tuple[Line, Figures]) -> tuple[int, str, str]:
    day, provider, currency = item[0]
    return -day.toordinal(), provider, currency


def _orders(since: datetime) -> "QuerySet[Any, Any]":
    days = Order.objects.filter(created_at__gte=since).annotate(day=TruncDate("created_at"))
    return days.values("day", "provider", "currency").annotate(ordered=Count("pk"))


def _payments(since: datetime) -> "QuerySet[Any, Any]":
    days = Payment.objects.filter(happened_at__gte=since).annotate(day=TruncDate("happened_at"))
    return days.values("day", "provider", "currency").annotate(
        paid=Count("pk"),
        delivered=Count("pk", filter=Q(order__state=Order.State.DELIVERED)),
        amount=Sum("amount_cents"),
        tax=Sum("tax_cents"),
    )


def _line(row: dict[str, Any]) -> Line:
    return Line(row["day"], row["provider"], row["currency"])
