import asyncio
import gc
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.app import Gateway
from tests.gateway.running import RunningGateway

SCOPE = {"type": "http", "method": "GET", "path": "/v1/models", "headers": []}


async def answers_of(scope: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a gateway sends that nobody has started."""
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await Gateway()(scope, receive, send)
    return sent


def test_a_gateway_that_was_not_started_is_not_ready() -> None:
    start, body = asyncio.run(answers_of(SCOPE))

    assert start["status"] == 503
    assert orjson.loads(body["body"])["error"]["code"] == "temporarily_unavailable"


def test_a_websocket_is_left_unanswered() -> None:
    assert asyncio.run(answers_of({"type": "websocket"})) == []


def test_what_stays_in_memory_is_not_looked_through_for_garbage_while_calls_run(
    gateway: RunningGateway,
) -> None:
    assert gc.get_freeze_count() > 10_000
