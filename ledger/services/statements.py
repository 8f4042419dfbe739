"""Statements: what came into an account, what its calls cost, and what was left."""

from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.models import Account, DayTotal, Entry, UsageRecord
from ledger.money import NanoUSD

CALLS = "calls"


class Spending(NamedTuple):
    """What calls used in some time."""

    cost: NanoUSD
    tokens: int
    requests: int


class Line(NamedTuple):
    """One line of an account's statement: an entry, or all that a day's calls cost together."""

    kind: str
    note: str
    requests: int | None
    change: NanoUSD
    at: datetime
    # All three pools together, after this line.
    balance: NanoUSD

    @property
    def label(self) -> str | Promise:
        """Return what happened, in words."""
        return _("calls") if self.kind == CALLS else Entry.Kind(self.kind).label


def spent_since(account: Account, day: date) -> Spending:
    """Return what the calls of ``day`` and of every day after it used."""
    used = DayTotal.objects.filter(account=account, day__gte=day).aggregate(
        cost=Sum("cost_nano_usd", default=0),
        tokens=Sum(
            F("input_tokens") + F("cached_input_tokens") + F("cache_write_tokens") + F("output_tokens"),
            default=0,
        ),
        requests=Sum("requests", default=0),
    )
    return Spending(**used)


def recent_usage(account: Account, limit: int) -> list[UsageRecord]:
    """Return the last calls that ended, the newest first, each with its model and its key."""
    records = UsageRecord.objects.filter(account=account).select_related("model", "api_key")
    return list(records.order_by("-at")[:limit])


def wallet_lines(account: Account, limit: int) -> list[Line]:
    """Return the last lines of the statement, the newest first.

    The balances run backwards from today's, read in the same moment, so that each line explains the next.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            LINES_SQL,
            {"account": account.pk, "limit": limit, "time_zone": settings.TIME_ZONE, "now": timezone.now()},
        )
        return [Line(*row) for row in cursor.fetchall()]


# A day's calls stand at its end, in the time zone of the site; those of today, at this moment.
LINES_SQL = """
    with entries as (
        select entry.kind, entry.note, null::bigint as requests, sum(move.amount) as change,
            entry.created_at as at
        from (
            select entry_id, amount_nano_usd as amount from ledger_posting
            where destination_account_id = %(account)s
            union all
            select entry_id, -amount_nano_usd from ledger_posting where source_account_id = %(account)s
        ) as move
        join ledger_entry as entry on entry.id = move.entry_id
        group by entry.id having sum(move.amount) <> 0
        order by entry.created_at desc limit %(limit)s
    ),
    days as (
        select 'calls', '', sum(requests), -sum(cost_nano_usd),
            least((day + 1)::timestamp at time zone %(time_zone)s, %(now)s)
        from ledger_daytotal where account_id = %(account)s
        group by day having sum(cost_nano_usd) > 0
        order by day desc limit %(limit)s
    ),
    lines as (select * from entries union all select * from days),
    total as (
        select main_balance_nano_usd + backup_balance_nano_usd + wallet_balance_nano_usd as balance
        from ledger_account where id = %(account)s
    )
    select kind, note, requests::bigint, change::bigint, at,
        (total.balance - coalesce(sum(change) over newer, 0))::bigint
    from lines, total
    window newer as (order by at desc, change rows between unbounded preceding and 1 preceding)
    order by at desc, change limit %(limit)s
"""
