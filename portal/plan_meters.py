"""The plan of one person as the dashboard shows it: what is used of each pool and of each limit."""

from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import customers
from billing.models import Subscription
from billing.services import plan_outlook, plans, subscriptions
from billing.services.plan_outlook import Outlook
from ledger.models import Account, AccountAllowance
from ledger.money import NanoUSD
from ledger.services import accounts, windows
from ledger.services.windows import Windows
from portal.key_lines import Window

# From this much on a meter warns.
NEAR_PERCENT = 80


class Meter(NamedTuple):
    """How much of something is used, in nano-USD or in requests, and when it is whole again.

    What lasts as long as the plan does not say when.
    """

    window: Window
    resets_at: datetime | None = None
    is_money: bool = True


class PlanBoard(NamedTuple):
    """What the dashboard says of a plan, or of having none."""

    subscription: Subscription | None
    outlook: Outlook | None
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
        outlook=plan_outlook.of(customer),
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
        Meter(_window(_("Main pool"), period.main_nano_usd - free_main, period.main_nano_usd)),
        Meter(_window(_("Backup pool"), period.backup_nano_usd - free_backup, period.backup_nano_usd)),
    ]
    return [pool for pool in pools if pool.window.limit]


def _limits(allowance: AccountAllowance, used: Windows) -> list[Meter]:
    """Return a meter for each limit that there is."""
    daily, weekly = allowance.daily_cap_nano_usd, allowance.weekly_cap_nano_usd
    of_minute, of_day = allowance.requests_per_minute, allowance.requests_per_day
    every = [
        Meter(_window(_("Daily cap"), used.day_spent, daily), used.day_ends_at),
        Meter(_window(_("Weekly cap"), used.week_spent, weekly), used.week_ends_at),
        Meter(_window(_("Monthly cost budget"), used.budget_spent, allowance.budget_nano_usd)),
        Meter(_window(_("Requests today"), used.day_requests, of_day), used.day_ends_at, is_money=False),
        Meter(_window(_("Requests this minute"), used.minute_requests, of_minute), is_money=False),
    ]
    return [meter for meter in every if meter.window.is_limited]


def _window(label: Promise, used: int, limit: int | None) -> Window:
    return Window(label, NanoUSD(used), None if limit is None else NanoUSD(limit), NEAR_PERCENT)
