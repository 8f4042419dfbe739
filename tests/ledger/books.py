"""The books as they should be: dictionaries of whole numbers, and fractions where money is counted.

Knows nothing of the ledger's code, so that the two can disagree.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

POOLS = ("main", "backup", "wallet")
SMALLEST_USEFUL_OUTPUT = 256


@dataclass
class Price:
    """Nano-USD per million tokens."""

    input: int
    cached: int
    output: int

    def cost(self, used: int, cached: int, output: int) -> int:
        return math.ceil(Fraction(used * self.input + cached * self.cached + output * self.output, 10**6))


@dataclass
class Model:
    price: Price
    is_free: bool
    context: int
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
class Key:
    account: int
    is_disabled: bool = False
    requests: int = 0
    spent: int = 0


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
        self, call: str, key: int, model: int, asked: tuple[int, int, int], deadline: datetime
    ) -> str:
        """Return `reserved <output> <held>`, or the reason why not. ``asked``: input, output, choices."""
        if call in self.holds and self.holds[call].key == key:
            return self._answer(self.holds[call])
        account = self.accounts[self.keys[key].account]
        offered = self.models[model]
        asked_input, asked_output, choices = asked
        read = min(asked_input, offered.context)
        wanted = min(asked_output, offered.output)
        output = wanted if offered.is_free else min(wanted, self._affordable(account, offered, read, choices))
        reason = self._refusal(call, key, offered)
        if reason or output < min(wanted, SMALLEST_USEFUL_OUTPUT):
            return reason or "insufficient_credit"
        cost = 0 if offered.is_free else offered.price.cost(read, 0, choices * output)
        hold = Hold(
            self.keys[key].account, key, offered.price, offered.is_free, self._set_aside(account, cost),
            read, choices * output, choices, deadline,
        )  # fmt: skip
        self.holds[call] = hold
        self.keys[key].requests += 1
        return self._answer(hold)

    def settle(self, call: str, used: int, cached: int, output: int) -> tuple[int, int, bool]:
        """Return cost, uncharged and whether it came too late."""
        if call in self.holds:
            hold = self.holds[call]
            full = 0 if hold.is_free else hold.price.cost(used, cached, output)
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

    def _refusal(self, call: str, key: int, model: Model) -> str | None:
        account = self.accounts[self.keys[key].account]
        checks = [
            ("key_disabled", self.keys[key].is_disabled),
            ("request_reused", call in self.holds or call in self.ended),
            ("account_frozen", account.is_frozen),
            ("too_many_open_calls", self.open_holds(self.keys[key].account) >= self.open_calls),
            ("paid_model", not model.is_free and not any(account.balance.values())),
        ]
        return next((reason for reason, holds in checks if holds), None)

    def _affordable(self, account: Account, model: Model, read: int, choices: int) -> int:
        left = account.all_free - Fraction(read * model.price.input, 10**6)
        return max(math.floor(left / Fraction(choices * model.price.output, 10**6)), 0)

    def _set_aside(self, account: Account, cost: int) -> dict[str, int]:
        aside = {}
        for pool in POOLS:
            aside[pool] = min(cost, account.free(pool))
            account.held[pool] += aside[pool]
            cost -= aside[pool]
        return aside

    def _end(self, call: str, paid: int) -> None:
        hold = self.holds.pop(call)
        self.keys[hold.key].spent += paid
        account = self.accounts[hold.account]
        for pool in POOLS:
            share = min(paid, hold.aside[pool])
            account.balance[pool] -= share
            account.held[pool] -= hold.aside[pool]
            paid -= share

    @staticmethod
    def _answer(hold: Hold) -> str:
        return f"reserved {hold.output_bound // hold.choices} {sum(hold.aside.values())}"
