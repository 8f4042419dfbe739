"""Every charge is recomputed from the upstream's own log: random calls on all surfaces, across new rates.

`tests/checker.py`, which knows prices and fractions and nothing of ours, says what each call costs.
"""

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from ledger.models import LanguageModel, UsageRecord
from ledger.money import UnitRates, usd
from ledger.services import pricing
from tests import checker
from tests.checker import Price
from tests.factories import gateway as make
from tests.factories.gateway import EMBEDDING_MODEL, MESSAGE_MODEL, PAID_MODEL, PRICES, Buyer
from tests.gateway.evidence import wait_until
from tests.gateway.running import RunningGateway
from tests.sandbox.running import RunningSandbox

CALLS = 10_000 if os.environ.get("PROVE") == "1" else 300
CALLERS = 12
# Odd prices, so that nearly every cost has to be rounded.
NEW_PRICES = {
    PAID_MODEL: Price("0.7310007", "0.0173", "0.9000001", "1.1999993"),
    MESSAGE_MODEL: Price("2.9999999", "0.3333333", "3.7777777", "14.1414141"),
    EMBEDDING_MODEL: Price("0.0212121", "0.0003", "0.0212121", "0"),
}
ABSURD = [
    {"prompt_tokens": 10**9, "completion_tokens": 7},
    {"prompt_tokens": 40, "completion_tokens": 10**8},
    {"prompt_tokens": 40, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 41}},
    {"prompt_tokens": -5, "completion_tokens": 2},
    {"prompt_tokens": "many", "completion_tokens": 2},
    {
        "input_tokens": 12, "cache_read_input_tokens": 10**7, "cache_creation_input_tokens": 9,
        "output_tokens": 5,
    },
    "nonsense",
]  # fmt: skip
MIX = [
    {"share": 0.06, "mode": "omit_usage"},
    {"share": 0.04, "mode": "usage_twice"},
    {"share": 0.02, "mode": "malformed_sse", "after_chunks": 2},
    *({"share": 0.02, "mode": "usage", "usage": usage} for usage in ABSURD),
]

pytestmark = pytest.mark.usefixtures("surfaces")


@dataclass
class Caller:
    """Somebody who calls at random, always the same way for the same seed."""

    gateway: RunningGateway
    buyer: Buyer
    chance: random.Random

    def call(self) -> requests.Response:
        key, chance = self.buyer.key, self.chance
        model = chance.choice([PAID_MODEL, MESSAGE_MODEL])
        stream = chance.random() < 0.5
        ways: list[Callable[[], requests.Response]] = [
            lambda: self.gateway.chat(
                key, self.text(), model=model, stream=stream,
                n=1 if model == MESSAGE_MODEL else chance.randint(1, 3),
            ),
            lambda: self.gateway.message(key, self.text(), model=model, stream=stream, **self.marked()),
            lambda: self.gateway.embed(key, [self.text() for _ in range(chance.randint(1, 5))]),
        ]  # fmt: skip
        return chance.choices(ways, [4, 4, 1])[0]()

    def text(self) -> str:
        """Return something that others may have said before, so that caches know it."""
        steering = self.chance.choice(["", f"[[tokens:{self.chance.randint(1, 60)}]]", "[[reasoning:5]]"])
        return f"{steering} {'naïve 你好 😀 word ' * self.chance.randint(1, 8)}"

    def marked(self) -> dict[str, Any]:
        """Return what may ask the model to remember its instructions."""
        if self.chance.random() < 0.5:
            return {}
        words = "Be brief. " * self.chance.randint(1, 9)
        return {"system": [{"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}]}


def test_every_charge_is_what_the_upstream_s_own_log_comes_to(
    gateway: RunningGateway, sandbox: RunningSandbox
) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when this fails
    sandbox.behave(mix=MIX, seed=seed)
    served = len(sandbox.served())
    buyers = [make.buyer(credit=10**15) for _ in range(3)]
    before = sum(buyer.balance for buyer in buyers)
    callers = [Caller(gateway, buyers[number % 3], random.Random(seed + number)) for number in range(CALLERS)]

    with ThreadPoolExecutor(CALLERS) as pool:
        first = list(pool.map(make_calls, callers))
        halfway = {call["request_id"] for call in sandbox.served(since=served)}
        during = [pool.submit(make_calls, caller) for caller in callers]
        set_new_rates()
        last = [calls.result() for calls in during]

    calls = sandbox.served(since=served)
    assert len(calls) == sum(first) + sum(last) >= CALLS
    wait_until(lambda: UsageRecord.objects.count() == len(calls))
    lines = {str(line.request_id): line for line in UsageRecord.objects.select_related("model", "rate")}
    wrong = [(call, vars(line)) for call in calls if not is_right(call, line := lines[call["request_id"]])]
    assert wrong == []
    assert {lines[request_id].rate.version for request_id in halfway} == {1}
    assert {line.rate.version for line in lines.values()} == {1, 2}
    charged = sum(line.cost_nano_usd for line in lines.values())
    assert before - sum(buyer.balance for buyer in buyers) == charged


def make_calls(caller: Caller) -> int:
    """Make this caller's share of half of the calls; return how many they were."""
    share = -(-CALLS // 2 // CALLERS)
    for _ in range(share):
        answer = caller.call()
        assert answer.status_code == 200, answer.text
        assert answer.content
        assert b"internal_error" not in answer.content
    return share


def set_new_rates() -> None:
    for name, price in NEW_PRICES.items():
        rates = [price.fresh_input, price.cached_input, price.cache_write, price.output]
        pricing.set_rate(LanguageModel.objects.get(name=name), UnitRates(*map(usd, rates)))


def is_right(call: dict[str, Any], line: UsageRecord) -> bool:
    """Tell whether ``line`` charges what ``call`` reported; where that cannot be true, what was counted."""
    price = (PRICES if line.rate.version == 1 else NEW_PRICES)[call["model"]]
    asked = line.cost_nano_usd + line.uncharged_nano_usd
    if line.is_estimated:
        return is_doubtful(call["reported_usage"]) and asked == checker.cost_nano_usd(counted(line), price)
    return asked == checker.cost_nano_usd(call["reported_usage"], price)


def is_doubtful(report: object) -> bool:
    """Tell whether ``report`` states something that cannot be true, or nothing."""
    if not isinstance(report, dict):
        return True
    cached = (report.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    total = report.get("prompt_tokens", 1)
    return not isinstance(total, int) or total < cached or total <= 0


def counted(line: UsageRecord) -> dict[str, int]:
    return {
        "input_tokens": line.input_tokens,
        "cache_read_input_tokens": line.cached_input_tokens,
        "cache_creation_input_tokens": line.cache_write_tokens,
        "output_tokens": line.output_tokens,
    }
