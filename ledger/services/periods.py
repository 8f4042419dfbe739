"""Periods: what a plan gives an account, filled anew each time, and what becomes of the rest.

The ledger knows limits and periods, not plans: whoever sells them says what an account may do, until when,
and how much its pools hold. A period is named for ever by the entry that filled its pools.

What open calls have set aside stays in the pools across the turn, and counts in the period in which it was
reserved; `ledger_expire_remainder` lets expire what they leave of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ledger.errors import PeriodWithoutCredit, ReferenceReused
from ledger.models import Account, AccountAllowance, Entry, Posting
from ledger.money import NanoUSD
from ledger.services import entries
from ledger.services.entries import EXPIRED, PLANS, PROMOTION, Movement, Place

NO_PERIOD = {
    "period_number": None,
    "period_starts_at": None,
    "period_ends_at": None,
    "period_refills_at": None,
}


@dataclass(frozen=True, slots=True)
class Period:
    """One paid stretch of a plan. From ``ends_at`` on its pools pay nothing.

    With ``refills_at`` the next one is to follow before that: whoever has used the budget is told to come
    back then.
    """

    number: int
    starts_at: datetime
    ends_at: datetime
    refills_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanCredit:
    """What the pools of a plan hold when they are full; the bonus comes on top of the main pool."""

    main: NanoUSD
    bonus: NanoUSD
    backup: NanoUSD


@dataclass(frozen=True, slots=True)
class PlanAllowance:
    """What an account may do while a period runs. None is no limit.

    The caps pace the main pool; the budget is for what both plan pools pay in one period.
    """

    all_models: bool
    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    daily_cap_nano_usd: NanoUSD | None = None
    weekly_cap_nano_usd: NanoUSD | None = None
    budget_nano_usd: NanoUSD | None = None


@transaction.atomic
def begin(
    account: Account,
    period: Period,
    *,
    reference: str,
    credit: PlanCredit,
    allowance: PlanAllowance,
    at: datetime | None = None,
) -> Entry:
    """Let a period run on ``account``, in place of whatever ran there, once per ``reference``.

    What is free of the earlier one expires, the pools are full, and the counters of caps and budget begin at
    nothing: all in one entry. A period that is over already, because nobody came to it in time, takes its
    place all the same, and its credit expires at once. Repeating it returns the first entry and changes
    nothing; other credit under its reference raises ReferenceReused, and a plan that gives nothing raises
    PeriodWithoutCredit.
    """
    locked = _locked(account)
    posted = Entry.objects.filter(reference=reference).first()
    if posted is not None:
        return _require_same(posted, credit)
    return _take_place(locked, period, reference, credit, allowance, at=at)


@transaction.atomic
def turn(
    account: Account,
    period: Period,
    *,
    reference: str,
    credit: PlanCredit,
    allowance: PlanAllowance,
    at: datetime | None = None,
) -> Entry:
    """Let the next period of a plan follow the one that runs on ``account``, as `begin` does.

    One that comes after its successor is posted and expires whole, so that periods which come late, twice or
    in disorder leave the account as if each had come in its time.
    """
    locked = _locked(account)
    posted = Entry.objects.filter(reference=reference).first()
    if posted is not None:
        return _require_same(posted, credit)
    running = AccountAllowance.objects.get(account=locked)
    if running.period_starts_at is not None and period.starts_at <= running.period_starts_at:
        return _post(reference, _fillings(credit, EXPIRED, EXPIRED))
    return _take_place(locked, period, reference, credit, allowance, at=at)


@transaction.atomic
def extend(
    account: Account, reference: str, *, ends_at: datetime, refills_at: datetime | None = None
) -> None:
    """Move the end of the period that was begun under ``reference``; nothing if it runs no more."""
    if _runs(_locked(account), reference):
        AccountAllowance.objects.filter(account=account).update(
            period_ends_at=ends_at, period_refills_at=refills_at
        )


@transaction.atomic
def end(account: Account, reference: str) -> Entry | None:
    """End the period that was begun under ``reference``, and with it the plan; return what it posted.

    What is free of the plan's pools expires, the free allowance comes back, and the wallet stays as it is.
    Nothing happens when that period runs no more: it was ended before, or another has followed.
    """
    locked = _locked(account)
    if not _runs(locked, reference):
        return None
    AccountAllowance.objects.filter(account=locked).update(**NO_PERIOD, **asdict(free_allowance()))
    _change_period(locked, None)
    leftovers = _leftovers(locked)
    if not leftovers:
        return None
    return entries.post(reference=f"{reference}:ended", kind=Entry.Kind.PERIOD_ENDED, movements=leftovers)


def free_allowance() -> PlanAllowance:
    """Return what everybody may do without a plan; how many calls may be open is no plan's business."""
    return PlanAllowance(
        all_models=False,
        requests_per_minute=settings.FREE_ALLOWANCE["requests_per_minute"],
        requests_per_day=settings.FREE_ALLOWANCE["requests_per_day"],
    )


def switch_wallet(account: Account, *, is_on: bool) -> None:
    """Let the wallet pay what a plan does not (Pay2Go), or keep it out of the plan's business."""
    AccountAllowance.objects.filter(account=account).update(wallet_while_planned=is_on)


def _take_place(
    locked: Account,
    period: Period,
    reference: str,
    credit: PlanCredit,
    allowance: PlanAllowance,
    *,
    at: datetime | None,
) -> Entry:
    is_over = period.ends_at <= (at or timezone.now())
    pools = (EXPIRED, EXPIRED) if is_over else (entries.main(locked), entries.backup(locked))
    entry = _post(reference, [*_leftovers(locked), *_fillings(credit, *pools)])
    _let_run(locked, period, entry, allowance)
    return entry


def _let_run(locked: Account, period: Period, entry: Entry, allowance: PlanAllowance) -> None:
    AccountAllowance.objects.filter(account=locked).update(
        period_number=period.number,
        period_starts_at=period.starts_at,
        period_ends_at=period.ends_at,
        period_refills_at=period.refills_at,
        **asdict(allowance),
    )
    _change_period(locked, entry)


def _post(reference: str, movements: Sequence[Movement]) -> Entry:
    return entries.post(reference=reference, kind=Entry.Kind.PERIOD_BEGUN, movements=movements)


def _fillings(credit: PlanCredit, main: Place, backup: Place) -> list[Movement]:
    if credit.main + credit.bonus + credit.backup == 0:
        raise PeriodWithoutCredit
    fillings = [
        Movement(PLANS, main, credit.main),
        Movement(PROMOTION, main, credit.bonus),
        Movement(PLANS, backup, credit.backup),
    ]
    return [filling for filling in fillings if filling.amount]


def _leftovers(locked: Account) -> list[Movement]:
    """Return the movements that let expire what no open call has set aside of the plan's pools."""
    main = NanoUSD(locked.main_balance_nano_usd - locked.main_held_nano_usd)
    backup = NanoUSD(locked.backup_balance_nano_usd - locked.backup_held_nano_usd)
    leftovers = [
        Movement(entries.main(locked), EXPIRED, main),
        Movement(entries.backup(locked), EXPIRED, backup),
    ]
    return [leftover for leftover in leftovers if leftover.amount]


def _require_same(entry: Entry, credit: PlanCredit) -> Entry:
    """Return ``entry`` if it granted just this; what expired with it depended on the moment."""
    granted = Posting.objects.filter(entry=entry, source__in=[PLANS.name, PROMOTION.name])
    kept = [NanoUSD(amount) for amount in granted.order_by("pk").values_list("amount_nano_usd", flat=True)]
    asked = [amount for amount in (credit.main, credit.bonus, credit.backup) if amount]
    if entry.kind != Entry.Kind.PERIOD_BEGUN or kept != asked:
        raise ReferenceReused
    return entry


def _change_period(locked: Account, entry: Entry | None) -> None:
    """Let the account's counters of money begin at nothing, in the period of ``entry``."""
    Account.objects.filter(pk=locked.pk).update(
        period=entry, day_spent_nano_usd=0, week_spent_nano_usd=0, budget_spent_nano_usd=0
    )


def _runs(locked: Account, reference: str) -> bool:
    return locked.period is not None and locked.period.reference == reference


def _locked(account: Account) -> Account:
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)
