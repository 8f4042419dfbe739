"""The books as they should be: dictionaries of whole numbers, and fractions where money is counted.

Knows nothing of the ledger's code, so that the two can disagree.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from ipaddress import ip_address, ip_network

POOLS = ("main", "backup", "wallet")
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
class Account:
    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POOLS, 0))
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POOLS, 0))
    is_frozen: bool = False
    merged_into: int | None = None

    def free(self, pool: str) -> int:
        return self.balance[pool] - self.held[pool]

    @property
    def all_free(self) -> int:
        return sum(map(self.free, POOLS))


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
    # Of its requests a minute, how many were taken at that moment; each is given back in its time.
    taken: Fraction = Fraction(0)
    taken_at: datetime | None = None

    @property
    def spent(self) -> int:
        return self.spent_on.total()

    def spent_in_month(self, day: date) -> int:
        return sum(spent for on, spent in self.spent_on.items() if on.replace(day=1) == day.replace(day=1))

    def taken_now(self, now: datetime) -> Fraction:
        if self.taken_at is None or self.limits.a_minute is None:
            return Fraction(0)
        passed = now - self.taken_at
        given_back = Fraction(passed // timedelta(microseconds=1), 60 * 10**6) * self.limits.a_minute
        return max(self.taken - given_back, Fraction(0))

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
            self._set_aside(self.accounts[spender.account], cost),
            read, asked[2] * output, asked[2], now.date(), deadline,
        )  # fmt: skip
        spender.requests += 1
        spender.taken, spender.taken_at = spender.taken_now(now) + 1, now
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
        self.keys[self.holds[call].key].requests -= 1
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
        if source == into or took_in or merged or self.accounts[into].merged_into:
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
            ("too_many_open_calls", self.open_holds(spender.account) >= self.open_calls),
            ("key_rate_limit", limits.a_minute is not None and spender.taken_now(now) > limits.a_minute - 1),
            ("paid_model", not self.models[model].is_free and not any(account.balance.values())),
        ]
        return next((reason for reason, holds in checks if holds), None)

    def _money(self, key: int, now: datetime) -> dict[str, int]:
        """Return what spending has left of each limit and of the credit, by the reason that it would be."""
        spender = self.keys[key]
        limits = [
            ("key_total_limit", spender.limits.total, spender.spent),
            ("key_monthly_limit", spender.limits.monthly, spender.spent_in_month(now.date())),
            ("key_daily_limit", spender.limits.daily, spender.spent_on[now.date()]),
        ]
        left = {reason: limit - spent for reason, limit, spent in limits if limit is not None}
        return {**left, "insufficient_credit": sum(self.accounts[spender.account].balance.values())}

    def _shortage(self, key: int, least: int, now: datetime) -> str:
        short = [reason for reason, left in self._money(key, now).items() if left < least]
        by_weight = ["key_total_limit", "insufficient_credit", "key_monthly_limit", "key_daily_limit"]
        return next((reason for reason in by_weight if reason in short), "busy")

    def _affordable(self, key: int, price: Price, read: int, choices: int, now: datetime) -> int:
        limits = self._money(key, now)
        del limits["insufficient_credit"]
        held = self.held_by(key)
        account = self.accounts[self.keys[key].account]
        room = min([account.all_free, *(max(left - held, 0) for left in limits.values())])
        left = room - Fraction(read * max(price.input, price.kept), 10**6)
        return max(math.floor(left / Fraction(choices * price.output, 10**6)), 0)

    def _set_aside(self, account: Account, cost: int) -> dict[str, int]:
        aside = {}
        for pool in POOLS:
            aside[pool] = min(cost, account.free(pool))
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
            paid -= share

    @staticmethod
    def _left(key: Key, now: datetime) -> str:
        if key.limits.a_minute is None:
            return ""
        return f", {max(key.limits.a_minute - math.ceil(key.taken_now(now)), 0)} left"

    @staticmethod
    def _answer(hold: Hold) -> str:
        return f"reserved {hold.output_bound // hold.choices} {sum(hold.aside.values())}"
