"""Gateways as whole processes: several on one wallet, and one that is told to stop."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
import requests
from pytest_django import Settings

from ledger.models import Hold, LanguageModel, UsageRecord
from ledger.services import proof
from tests import checker
from tests.factories import gateway as make
from tests.factories.gateway import PAID_MODEL, PRICES, Buyer
from tests.gateway.breakable_database import BreakableDatabase
from tests.gateway.processes import GatewayProcess
from tests.sandbox.running import RunningSandbox

pytestmark = pytest.mark.cluster


MAX_TOKENS = 100
# Long enough that the last of many callers is decided while the first answers are still under way.
SLOW_ANSWER = "[[tokens:80]] [[pace_ms:60]]"


def body(text: str, *, max_tokens: int = MAX_TOKENS) -> dict[str, object]:
    messages = [{"role": "user", "content": text}]
    return {"model": PAID_MODEL, "max_tokens": max_tokens, "stream": True, "messages": messages}


def begin(gateway: GatewayProcess, buyer: Buyer, body: dict[str, object]) -> requests.Response:
    """Begin a streamed call; only its headers have been read."""
    return requests.post(
        f"{gateway.base_url}/chat/completions",
        headers={"Authorization": f"Bearer {buyer.key}"},
        json=body,
        stream=True,
        timeout=60,
    )


def held_for(body: dict[str, object]) -> int:
    """Return what is set aside for a call: all that it can cost."""
    model = LanguageModel.objects.get(name=PAID_MODEL)
    passed_on = {"messages": body["messages"], "stream": True, "stream_options": {"include_usage": True}}
    bound = len(orjson.dumps(passed_on)) + model.input_overhead_tokens + 8
    most = {"prompt_tokens": bound, "completion_tokens": body["max_tokens"]}
    return checker.cost_nano_usd(most, PRICES[PAID_MODEL])


def test_a_wallet_that_affords_ten_calls_pays_ten_of_sixty_four(
    shop: None, sandbox: RunningSandbox, database_url: str, tmp_path: Path
) -> None:
    asked = body(SLOW_ANSWER)
    buyer = make.buyer(10 * held_for(asked))
    before, served = buyer.balance, len(sandbox.served())
    start = threading.Barrier(64)

    def call(gateway: GatewayProcess) -> tuple[int, bytes]:
        start.wait()
        answer = begin(gateway, buyer, asked)
        return answer.status_code, answer.content

    one, other = (
        GatewayProcess(database_url, tmp_path / "one"),
        GatewayProcess(database_url, tmp_path / "other"),
    )
    with one, other, ThreadPoolExecutor(64) as callers:
        answers = list(callers.map(call, [one, other] * 32))

    assert Counter(status for status, _ in answers) == {200: 10, 429: 54}
    assert sum(b"[DONE]" in content for _, content in answers) == 10
    assert before - buyer.balance == checker.owed_nano_usd(sandbox.served(since=served), PRICES) > 0
    assert not Hold.objects.exists()
    assert proof.discrepancies() == []


@pytest.mark.parametrize(
    ("tokens", "last_event", "outcome"),
    [(20, b"data: [DONE]", "complete"), (2000, b'"code":"interrupted"', "upstream_failed")],
    ids=["a short one", "a long one"],
)
def test_a_stopping_gateway_lets_calls_end_or_ends_them_and_charges_both(
    buyer: Buyer, sandbox: RunningSandbox, database_url: str, tmp_path: Path,
    tokens: int, last_event: bytes, outcome: str,
) -> None:  # fmt: skip
    with GatewayProcess(database_url, tmp_path / "log", GATEWAY_STOP_SECONDS="2") as gateway:
        answer = begin(gateway, buyer, body(f"[[tokens:{tokens}]] [[pace_ms:20]]", max_tokens=4000))
        lines = (line for line in answer.iter_lines() if line)
        next(lines)
        began = time.monotonic()
        gateway.ask_to_stop()
        *_, last = lines
        code = gateway.wait()

    assert time.monotonic() - began < 6
    assert code == 0
    assert last_event in last
    assert UsageRecord.objects.get().outcome == outcome
    assert not Hold.objects.exists()
    assert proof.discrepancies() == []


def test_a_gateway_starts_without_its_database_and_serves_when_it_is_there(
    database: BreakableDatabase, buyer: Buyer, settings: Settings, tmp_path: Path
) -> None:
    database.cut()
    with GatewayProcess(settings.DATABASE_URL, tmp_path / "log") as gateway:
        while_away = begin(gateway, buyer, body("Hello")).content
        database.mend()
        deadline = time.monotonic() + 60
        while b"temporarily_unavailable" in (content := begin(gateway, buyer, body("Hello")).content):
            assert time.monotonic() < deadline

    assert b"temporarily_unavailable" in while_away
    assert b"[DONE]" in content
