"""The plan of one person as the dashboard shows it: what is used of each pool and of each limit."""

from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import customers
from billing.models import Subscription
from billing.services import plans, subscriptions
from ledger.models import Account, AccountAllowance
from ledger.money import NanoUSD
from ledger.services import accounts, windows
from ledger.services.windows import Windows
from portal.key_lines import METER_WIDTH

# From this much on a meter warns.
NEAR_PERCENT = 80


class Meter(NamedTuple):
    """How much of something is used, in nano-USD or in requests, and when it is whole again.

    What lasts as long as the plan does not say when.
    """

    label: Promise
    used: int
    limit: int
    resets_at: datetime | None = None
    is_money: bool = True

    @property
    def width(self) -> int:
        """Return how far the meter is filled, in thousandths; what is used at all can be seen."""
        return (
            min(METER_WIDTH, -(-METER_WIDTH * max(self.used, 0) // self.limit)) if self.limit else METER_WIDTH
        )

    @property
    def is_reached(self) -> bool:
        """Tell whether nothing is left."""
        return self.used >= self.limit

    @property
    def is_near(self) -> bool:
        """Tell whether little is left."""
        return 100 * self.used >= NEAR_PERCENT * self.limit


class PlanBoard(NamedTuple):
    """What the dashboard says of a plan, or of having none."""

    subscription: Subscription | None
    name: str
    meters: list[Meter]
    # Pay2Go: whether the wallet pays what the plan does not.
    is_wallet_on: bool
    wallet: NanoUSD


def of_user(user: User) -> PlanBoard:
    """Return the plan of ``user`` with its meters; without a plan, what is free."""
    customer = customers.of_user(user)
    account = accounts.open_for(customer)
    allowance = AccountAllowance.objects.get(account=account)
    subscription = subscriptions.live_of(customer)
    now_used = windows.of(account, requests_per_minute=allowance.requests_per_minute)
    pools = _pools(account, subscription) if subscription else []
    return PlanBoard(
        subscription=subscription,
        name=plans.in_words(subscription.plan) if subscription else "",
        meters=[*pools, *_limits(allowance, now_used)],
        is_wallet_on=allowance.wallet_while_planned,
        wallet=NanoUSD(account.wallet_balance_nano_usd),
    )


def _pools(account: Account, subscription: Subscription) -> list[Meter]:
    period = subscriptions.current_period(subscription)
    free_main = account.main_balance_nano_usd - account.main_held_nano_usd
    free_backup = account.backup_balance_nano_usd - account.backup_held_nano_usd
    pools = [
        Meter(_("Main pool"), period.main_nano_usd - free_main, period.main_nano_usd),
        Meter(_("Backup pool"), period.backup_nano_usd - free_backup, period.backup_nano_usd),
    ]
    return [pool for pool in pools if pool.limit]


def _limits(allowance: AccountAllowance, used: Windows) -> list[Meter]:
    """Return a meter for each limit that there is."""
    money = [
        (_("Daily cap"), used.day_spent, allowance.daily_cap_nano_usd, used.day_ends_at),
        (_("Weekly cap"), used.week_spent, allowance.weekly_cap_nano_usd, used.week_ends_at),
        (_("Monthly cost budget"), used.budget_spent, allowance.budget_nano_usd, None),
    ]
    counts = [
        (_("Requests today"), used.day_requests, allowance.requests_per_day, used.day_ends_at),
        (_("Requests this minute"), used.minute_requests, allowance.requests_per_minute, None),
    ]
    return [
        *(Meter(label, spent, limit, ends) for label, spent, limit, ends in money if limit is not None),
        *(
            Meter(label, count, limit, ends, is_money=False)
            for label, count, limit, ends in counts
            if limit is not None
        ),
    ]
