"""Periods of plans, and callers who live in one."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.models import Account, Entry
from ledger.money import NanoUSD
from ledger.services import holds, periods
from ledger.services.holds import Reserved, ReserveRequest
from ledger.services.periods import Period, PlanAllowance, PlanCredit
from tests.factories import ledger as make
from tests.factories.ledger import Spender

# A Wednesday, at noon where the site's clock shows UTC.
NOON = datetime(2027, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = 30 * DAY


def period(number: int = 1, *, starts_at: datetime = NOON) -> Period:
    """Return the period of that number in a row of periods of 30 days."""
    begins = starts_at + (number - 1) * MONTH
    return Period(number, begins, begins + MONTH)


def credit(main: int = 10_000, *, bonus: int = 0, backup: int = 0) -> PlanCredit:
    """Return so much for the pools."""
    return PlanCredit(NanoUSD(main), NanoUSD(bonus), NanoUSD(backup))


def allowance(**limits: Any) -> PlanAllowance:
    """Return what a plan with every model allows, and no limits but these."""
    return PlanAllowance(**{"all_models": True, **limits})


def run(
    account: Account,
    number: int = 1,
    *,
    main: int = 10_000,
    bonus: int = 0,
    backup: int = 0,
    starts_at: datetime = NOON,
    **limits: Any,
) -> Entry:
    """Let a period run on ``account`` from its very first moment on."""
    stretch = period(number, starts_at=starts_at)
    return periods.begin(
        account,
        stretch,
        reference=f"plan:{uuid.uuid4()}",
        credit=credit(main, bonus=bonus, backup=backup),
        allowance=allowance(**limits),
        at=stretch.starts_at,
    )


def subscriber(*, wallet: int = 0, **facts: Any) -> Spender:
    """Return a key of somebody whose plan has just begun, with so much in the wallet."""
    caller = make.spender(wallet=wallet)
    run(caller.account, **facts)
    caller.account.refresh_from_db()
    return caller


def begin(account: Account, number: int = 1, *, at: datetime | None = None, **facts: Any) -> Entry:
    """Begin the period of that number, in time."""
    stretch = period(number)
    return periods.begin(account, stretch, **named(number, facts), at=at or stretch.starts_at)


def turn(account: Account, number: int, *, at: datetime | None = None, **facts: Any) -> Entry:
    """Let the period of that number follow, in time."""
    stretch = period(number)
    return periods.turn(account, stretch, **named(number, facts), at=at or stretch.starts_at)


def named(number: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Return what the period of that number gives and allows, but for ``facts``."""
    gives = credit(1_000, bonus=200, backup=3_000)
    return {"reference": f"plan:{number}", "credit": gives, "allowance": allowance(), **facts}


def pools(account: Account) -> tuple[int, int, int]:
    """Return what main pool, backup pool and wallet keep."""
    account.refresh_from_db()
    return account.main_balance_nano_usd, account.backup_balance_nano_usd, account.wallet_balance_nano_usd


def reserved(request: ReserveRequest, at: datetime) -> ReserveRequest:
    """Set something aside for the call, and return it."""
    [answer] = holds.reserve([request], at=at)
    assert isinstance(answer, Reserved), answer
    return request
