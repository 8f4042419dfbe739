"""What calls took from a plan's pools in one period, by day and model."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Count, Sum

from ledger.models import Account, Entry, UsageRecord
from ledger.money import NanoUSD

A_WHILE = timedelta(hours=1)


class DayOfModel(NamedTuple):
    """What the calls of one model took on one day (of the site)."""

    day: date
    model: str
    requests: int
    main: NanoUSD
    backup: NanoUSD


@dataclass(frozen=True, slots=True)
class PeriodUse:
    """All that calls took in a period, the latest day first."""

    lines: tuple[DayOfModel, ...]

    @property
    def requests(self) -> int:
        """Return how many calls there were."""
        return sum(line.requests for line in self.lines)

    @property
    def main(self) -> NanoUSD:
        """Return what they took of the main pool."""
        return NanoUSD(sum(line.main for line in self.lines))

    @property
    def backup(self) -> NanoUSD:
        """Return what they took of the backup pool."""
        return NanoUSD(sum(line.backup for line in self.lines))


def use_of(account: Account, reference: str) -> PeriodUse:
    """Return what calls of ``account`` took in the period that was begun under ``reference``.

    A call counts in the period in which it was reserved, whenever it ended; those that cost these pools
    nothing do not count. Without such a period, nothing was taken.
    """
    entry = Entry.objects.filter(reference=reference).first()
    if entry is None:
        return PeriodUse(())
    # No call of a period is settled before that begins: so earlier months of the journal are not looked at.
    # The clocks of two machines may differ.
    taken = UsageRecord.objects.filter(account=account, period=entry, at__gte=entry.created_at - A_WHILE)
    paid = taken.exclude(main_nano_usd=0, backup_nano_usd=0)
    days = paid.values_list("day", "model__name").annotate(
        Count("pk"), Sum("main_nano_usd"), Sum("backup_nano_usd")
    )
    return PeriodUse(tuple(DayOfModel(*found) for found in days.order_by("-day", "model__name")))
