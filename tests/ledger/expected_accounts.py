"""One account as it should be: its pools, its plan, and what its windows have left.

Knows nothing of the ledger's code, as `books`.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

POOLS = ("main", "backup", "wallet")


@dataclass
class Pace:
    """Requests a minute: how many were taken at that moment; each is given back in its time."""

    taken: Fraction = Fraction(0)
    taken_at: datetime | None = None

    def taken_now(self, a_minute: int | None, now: datetime) -> Fraction:
        if self.taken_at is None or a_minute is None:
            return Fraction(0)
        given_back = Fraction((now - self.taken_at) // timedelta(microseconds=1), 60 * 10**6) * a_minute
        return max(self.taken - given_back, Fraction(0))

    def is_used_up(self, a_minute: int | None, now: datetime) -> bool:
        return a_minute is not None and self.taken_now(a_minute, now) > a_minute - 1

    def take(self, a_minute: int | None, now: datetime) -> None:
        if a_minute is not None:
            self.taken, self.taken_at = self.taken_now(a_minute, now) + 1, now


@dataclass
class Allowed:
    """What an account may do besides having credit; None is no limit, and without a plan nothing ends."""

    a_minute: int | None = None
    a_day: int | None = None
    all_models: bool = False
    daily: int | None = None
    weekly: int | None = None
    budget: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass
class Account:
    allowed: Allowed
    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POOLS, 0))
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POOLS, 0))
    is_frozen: bool = False
    merged_into: int | None = None
    # The name of the period that runs, and all that were ever begun, with what each gave.
    period: str | None = None
    begun: dict[str, dict[str, int]] = field(default_factory=dict)
    wallet_while_planned: bool = True
    # What the pools of each period paid, by pool and day.
    paid: Counter[tuple[str | None, str, date]] = field(default_factory=Counter)
    requests_on: Counter[date] = field(default_factory=Counter)
    pace: Pace = field(default_factory=Pace)

    def free(self, pool: str) -> int:
        return self.balance[pool] - self.held[pool]

    def plan_pays(self, now: datetime) -> bool:
        return self.allowed.all_models and (self.allowed.ends is None or now < self.allowed.ends)

    @property
    def wallet_pays(self) -> bool:
        return self.period is None or self.wallet_while_planned

    @property
    def is_open(self) -> bool:
        """Tell whether the wallet opens every model and lifts the limits of requests."""
        return self.wallet_pays and self.balance["wallet"] > 0

    @property
    def a_minute(self) -> int | None:
        return None if self.is_open else self.allowed.a_minute

    def paid_on(self, day: date) -> int:
        return self._paid(lambda pool, on: pool == "main" and on == day)

    def paid_in_week(self, day: date) -> int:
        return self._paid(lambda pool, on: pool == "main" and monday(on) == monday(day))

    def paid_of_budget(self) -> int:
        return self._paid(lambda pool, _on: pool != "wallet")

    def may_pay(self, now: datetime, *, without: str = "") -> dict[str, int]:
        """Return what each pool could pay after settled spending, open calls or not.

        Windows that last less long than the one called ``without`` are passed over, and that one too.
        """
        lasting = ["budget", "weekly", "daily"]
        seen = lasting[: lasting.index(without)] if without else lasting
        spent = {
            "daily": self.paid_on(now.date()),
            "weekly": self.paid_in_week(now.date()),
            "budget": self.paid_of_budget(),
        }
        limits = {name: getattr(self.allowed, name) for name in seen}
        left = {name: limit - spent[name] for name, limit in limits.items() if limit is not None}
        plan = self.plan_pays(now)
        pools = {pool: self.balance[pool] if plan else 0 for pool in ("main", "backup")}
        main = min([pools["main"], *(left[name] for name in ("daily", "weekly") if name in left)])
        both = min(main + pools["backup"], left.get("budget", main + pools["backup"]))
        return {"plan": both, "main": main, "wallet": self.balance["wallet"] if self.wallet_pays else 0}

    def may_set_aside(self, now: datetime) -> dict[str, int]:
        """Return what of each pool is free for another call."""
        may, plan = self.may_pay(now), self.plan_pays(now)
        limit = self.allowed.budget
        of_budget = None if limit is None else limit - self.paid_of_budget()
        held = self.held["main"] + self.held["backup"]
        room = math.inf if of_budget is None else of_budget - held
        main = int(max(min(may["main"] - self.held["main"], room), 0))
        backup = int(max(min((self.balance["backup"] if plan else 0) - self.held["backup"], room - main), 0))
        return {"main": main, "backup": backup, "wallet": max(may["wallet"] - self.held["wallet"], 0)}

    def _paid(self, counts: Callable[[str, date], bool]) -> int:
        return sum(
            amount for (period, pool, on), amount in self.paid.items()
            if period is not None and period == self.period and counts(pool, on)
        )  # fmt: skip
