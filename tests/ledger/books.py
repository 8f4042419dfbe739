"""The books as they should be: dictionaries of whole numbers, and fractions where money is counted.

Knows nothing of the ledger's code, so that the two can disagree.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from ipaddress import ip_address, ip_network

from tests.ledger.expected_accounts import POOLS, Account, Allowed, Pace

SMALLEST_USEFUL_OUTPUT = 256


@dataclass
class Price:
    """Nano-USD per million tokens."""

    input: int
    cached: int
    kept: int
    output: int

    def cost(self, used: int, cached: int, kept: int, output: int) -> int:
        sum_of_all = used * self.input + cached * self.cached + kept * self.kept + output * self.output
        return math.ceil(Fraction(sum_of_all, 10**6))

    def most(self, read: int, output: int) -> int:
        """Return the most that a call can cost: the model may keep whatever it reads."""
        return max(self.cost(read, 0, 0, output), self.cost(0, 0, read, output))


@dataclass
class Model:
    price: Price
    is_free: bool
    output: int


@dataclass
class Limits:
    """What a key may do; None is no limit."""

    total: int | None = None
    monthly: int | None = None
    daily: int | None = None
    a_minute: int | None = None
    models: list[int] | None = None
    networks: list[str] | None = None


@dataclass
class Key:
    account: int
    is_disabled: bool = False
    requests: int = 0
    spent_on: Counter[date] = field(default_factory=Counter)
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)

    @property
    def spent(self) -> int:
        return self.spent_on.total()

    def spent_in_month(self, day: date) -> int:
        return sum(spent for on, spent in self.spent_on.items() if on.replace(day=1) == day.replace(day=1))

    def is_at_home(self, address: str) -> bool:
        if self.limits.networks is None:
            return True
        plain = address.removeprefix("::ffff:")
        return bool(plain) and any(ip_address(plain) in ip_network(each) for each in self.limits.networks)


@dataclass
class Hold:
    account: int
    key: int
    price: Price
    is_free: bool
    aside: dict[str, int]
    input_bound: int
    output_bound: int
    choices: int
    day: date
    deadline: datetime
    period: str | None


@dataclass
class Ended:
    """What the journal says of a call: what it cost, what it did not, and whether it had expired."""

    cost: int
    uncharged: int
    has_expired: bool


class Books:
    """Decides and counts, one event after another."""

    def __init__(self, *, open_calls: int) -> None:
        self.open_calls = open_calls
        self.accounts: dict[int, Account] = {}
        self.keys: dict[int, Key] = {}
        self.models: dict[int, Model] = {}
        self.holds: dict[str, Hold] = {}
        self.ended: dict[str, Ended] = {}

    def move(self, account: int, pool: str, amount: int) -> bool:
        """Put credit in, or take it out when ``amount`` is below zero; tell whether there was enough."""
        found = self.accounts[account]
        if found.free(pool) + amount < 0:
            return False
        found.balance[pool] += amount
        return True

    def reserve(
        self,
        call: str,
        key: int,
        model: int,
        asked: tuple[int, int, int],
        address: str,
        now: datetime,
        deadline: datetime,
    ) -> str:
        """Return `reserved <output> <held>`, or the reason why not. ``asked``: input, output, choices.

        A key with a limit of requests a minute is told how many it could make now.
        """
        spender, offered = self.keys[key], self.models[model]
        if call in self.holds and self.holds[call].key == key:
            return self._answer(self.holds[call]) + self._left(spender, now)
        read = asked[0]
        wanted = min(asked[1], offered.output)
        output = wanted
        reason = self._refusal(call, key, model, address, now)
        if not reason and not offered.is_free:
            output = min(wanted, self._affordable(key, offered.price, read, asked[2], now))
            least = offered.price.most(read, asked[2] * min(wanted, SMALLEST_USEFUL_OUTPUT))
            if output < min(wanted, SMALLEST_USEFUL_OUTPUT):
                reason = self._shortage(key, least, now)
        if reason:
            return reason + ("" if reason == "key_disabled" else self._left(spender, now))
        cost = 0 if offered.is_free else offered.price.most(read, asked[2] * output)
        self.holds[call] = Hold(
            spender.account, key, offered.price, offered.is_free,
            self._set_aside(self.accounts[spender.account], cost, now),
            read, asked[2] * output, asked[2], now.date(), deadline,
            self.accounts[spender.account].period,
        )  # fmt: skip
        self._count_request(spender, now)
        return self._answer(self.holds[call]) + self._left(spender, now)

    def settle(self, call: str, used: int, cached: int, kept: int, output: int) -> tuple[int, int, bool]:
        """Return cost, uncharged and whether it came too late."""
        if call in self.holds:
            hold = self.holds[call]
            full = 0 if hold.is_free else hold.price.cost(used, cached, kept, output)
            paid = min(full, sum(hold.aside.values()))
            self._end(call, paid)
            self.ended[call] = Ended(paid, full - paid, has_expired=False)
        ended = self.ended.get(call, Ended(0, 0, has_expired=True))
        return ended.cost, ended.uncharged, ended.has_expired

    def release(self, call: str) -> bool:
        """Tell whether there was a hold to release."""
        if call not in self.holds:
            return False
        hold = self.holds[call]
        self.keys[hold.key].requests -= 1
        self.accounts[hold.account].requests_on[hold.day] -= 1
        self._end(call, 0)
        return True

    def expire(self, now: datetime) -> int:
        """Return how many holds were over their deadline."""
        due = [call for call, hold in self.holds.items() if hold.deadline <= now]
        for call in due:
            self._end(call, 0)
            self.ended[call] = Ended(0, 0, has_expired=True)
        return len(due)

    def merge(self, source: int, into: int) -> str:
        """Return `merged`, or the refusal."""
        merged = self.accounts[source].merged_into
        if merged == into and source != into:
            return "merged"
        took_in = any(account.merged_into == source for account in self.accounts.values())
        has_plan = self.accounts[source].period is not None
        if source == into or took_in or merged or self.accounts[into].merged_into or has_plan:
            return "AccountNotMergeable"
        if self.accounts[source].is_frozen:
            return "AccountFrozen"
        self.accounts[source].merged_into = into
        for key in self.keys.values():
            key.account = into if key.account == source else key.account
        self.follow(source)
        return "merged"

    def follow(self, source: int) -> None:
        """Move what is free on a merged account to where it was merged."""
        old = self.accounts[source]
        if old.merged_into:
            for pool in POOLS:
                self.accounts[old.merged_into].balance[pool] += old.free(pool)
                old.balance[pool] = old.held[pool]

    def begin(self, account: int, name: str, allowed: Allowed, gives: dict[str, int], now: datetime) -> str:
        """Let a period run; return `begun`, or the refusal."""
        found = self.accounts[account]
        if name in found.begun:
            return "begun" if found.begun[name] == gives else "ReferenceReused"
        self._expire_pools(found)
        assert allowed.ends is not None
        if now < allowed.ends:
            self._fill(found, gives)
        found.begun[name], found.period, found.allowed = gives, name, allowed
        return "begun"

    def turn(self, account: int, name: str, allowed: Allowed, gives: dict[str, int], now: datetime) -> str:
        """Let the next period run, unless a later one does."""
        found = self.accounts[account]
        assert allowed.starts is not None
        runs_since = found.allowed.starts
        if name not in found.begun and runs_since is not None and allowed.starts <= runs_since:
            found.begun[name] = gives
            return "begun"
        return self.begin(account, name, allowed, gives, now)

    def end_period(self, account: int, name: str, free: Allowed) -> None:
        """End the period of that name, if it runs."""
        found = self.accounts[account]
        if found.period == name:
            self._expire_pools(found)
            found.period, found.allowed = None, free

    def open_holds(self, account: int) -> int:
        return sum(hold.account == account for hold in self.holds.values())

    def held_by(self, key: int) -> int:
        return sum(sum(hold.aside.values()) for hold in self.holds.values() if hold.key == key)

    def _refusal(self, call: str, key: int, model: int, address: str, now: datetime) -> str | None:
        spender = self.keys[key]
        account, limits = self.accounts[spender.account], spender.limits
        checks = [
            ("key_disabled", spender.is_disabled),
            ("request_reused", call in self.holds or call in self.ended),
            ("account_frozen", account.is_frozen),
            ("key_network", not spender.is_at_home(address)),
            ("key_model", limits.models is not None and model not in limits.models),
            (
                "paid_model",
                not (self.models[model].is_free or account.plan_pays(now) or account.is_open),
            ),
            ("too_many_open_calls", self.open_holds(spender.account) >= self.open_calls),
            ("key_rate_limit", spender.pace.is_used_up(limits.a_minute, now)),
            ("rate_limit", account.pace.is_used_up(account.a_minute, now)),
            *self._of_the_day(spender.account, now),
        ]
        return next((reason for reason, holds in checks if holds), None)

    def _of_the_day(self, account: int, now: datetime) -> list[tuple[str, bool]]:
        found = self.accounts[account]
        if found.is_open or found.allowed.a_day is None:
            return []
        made = found.requests_on[now.date()]
        is_over = made - self.open_holds(account) >= found.allowed.a_day
        return [("daily_requests", is_over), ("busy", made >= found.allowed.a_day)]

    def _limits(self, key: int, now: datetime) -> dict[str, int]:
        """Return what spending has left of each limit of the key, by the reason that it would be."""
        spender = self.keys[key]
        limits = [
            ("key_total_limit", spender.limits.total, spender.spent),
            ("key_monthly_limit", spender.limits.monthly, spender.spent_in_month(now.date())),
            ("key_daily_limit", spender.limits.daily, spender.spent_on[now.date()]),
        ]
        return {reason: limit - spent for reason, limit, spent in limits if limit is not None}

    def _money(self, key: int, now: datetime) -> dict[str, int]:
        """Return the same with what is left of the credit and of the windows of a plan."""
        account = self.accounts[self.keys[key].account]
        windows = {
            "insufficient_credit": account.may_pay(now, without="budget"),
            "monthly_budget": account.may_pay(now, without="weekly"),
            "weekly_cap": account.may_pay(now, without="daily"),
            "daily_cap": account.may_pay(now),
        }
        credit = {reason: pays["plan"] + pays["wallet"] for reason, pays in windows.items()}
        return {**self._limits(key, now), **credit}

    def _shortage(self, key: int, least: int, now: datetime) -> str:
        short = [reason for reason, left in self._money(key, now).items() if left < least]
        by_weight = [
            "key_total_limit", "insufficient_credit", "key_monthly_limit", "monthly_budget", "weekly_cap",
            "key_daily_limit", "daily_cap",
        ]  # fmt: skip
        return next((reason for reason in by_weight if reason in short), "busy")

    def _affordable(self, key: int, price: Price, read: int, choices: int, now: datetime) -> int:
        held = self.held_by(key)
        free = sum(self.accounts[self.keys[key].account].may_set_aside(now).values())
        room = min([free, *(max(left - held, 0) for left in self._limits(key, now).values())])
        left = room - Fraction(read * max(price.input, price.kept), 10**6)
        return max(math.floor(left / Fraction(choices * price.output, 10**6)), 0)

    def _count_request(self, spender: Key, now: datetime) -> None:
        spender.requests += 1
        spender.pace.take(spender.limits.a_minute, now)
        account = self.accounts[spender.account]
        account.pace.take(account.a_minute, now)
        account.requests_on[now.date()] += 1

    def _set_aside(self, account: Account, cost: int, now: datetime) -> dict[str, int]:
        aside, free = {}, account.may_set_aside(now)
        for pool in POOLS:
            aside[pool] = min(cost, free[pool])
            account.held[pool] += aside[pool]
            cost -= aside[pool]
        return aside

    def _end(self, call: str, paid: int) -> None:
        hold = self.holds.pop(call)
        self.keys[hold.key].spent_on[hold.day] += paid
        account = self.accounts[hold.account]
        for pool in POOLS:
            share = min(paid, hold.aside[pool])
            account.balance[pool] -= share
            account.held[pool] -= hold.aside[pool]
            account.paid[hold.period, pool, hold.day] += share
            if pool != "wallet" and hold.period != account.period:
                account.balance[pool] -= hold.aside[pool] - share
            paid -= share

    @staticmethod
    def _expire_pools(account: Account) -> None:
        for pool in ("main", "backup"):
            account.balance[pool] = account.held[pool]

    @staticmethod
    def _fill(account: Account, gives: dict[str, int]) -> None:
        for pool, amount in gives.items():
            account.balance["backup" if pool == "backup" else "main"] += amount

    @staticmethod
    def _left(key: Key, now: datetime) -> str:
        if key.limits.a_minute is None:
            return ""
        taken = key.pace.taken_now(key.limits.a_minute, now)
        return f", {max(key.limits.a_minute - math.ceil(taken), 0)} left"

    @staticmethod
    def _answer(hold: Hold) -> str:
        return f"reserved {hold.output_bound // hold.choices} {sum(hold.aside.values())}"
