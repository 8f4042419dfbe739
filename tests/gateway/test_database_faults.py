"""The database goes away, or rejects what it is told, at the worst moments."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ledger.models import Hold, UsageRecord
from ledger.services import holds
from tests import checker
from tests.factories.gateway import PRICES, Buyer
from tests.gateway.breakable_database import BreakableDatabase
from tests.gateway.evidence import cost_of, line_of, wait_until, wait_until_nothing_is_held
from tests.gateway.running import RunningGateway
from tests.sandbox.running import RunningSandbox


@pytest.mark.parametrize("fault", ["cut", "freeze"])
def test_without_the_database_a_call_is_refused_and_may_be_tried_again(
    database: BreakableDatabase, gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, fault: str
) -> None:
    gateway.chat(buyer.key)
    before, served = buyer.balance, len(sandbox.served())

    getattr(database, fault)()
    answers = [gateway.chat(buyer.key), gateway.request("GET", "/models", buyer.key)]
    database.mend()

    assert [answer.status_code for answer in answers] == [503, 503]
    assert [answer.headers["retry-after"] for answer in answers] == ["2", "2"]
    assert len(sandbox.served()) == served
    wait_until_nothing_is_held()
    assert before == buyer.balance
    assert gateway.chat(buyer.key).status_code == 200


@pytest.mark.parametrize("fault", ["cut", "freeze"])
def test_an_answer_does_not_wait_long_for_the_database_and_is_charged_when_it_is_back(
    database: BreakableDatabase, gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, fault: str
) -> None:
    before = buyer.balance

    with gateway.chat(buyer.key, "[[tokens:20]] [[pace_ms:20]]", stream=True) as answer:
        lines = answer.iter_lines()
        next(lines)
        getattr(database, fault)()
        began = time.monotonic()
        end = next(line for line in lines if line == b"data: [DONE]")
        waited = time.monotonic() - began
    booked_meanwhile = UsageRecord.objects.exists()
    database.mend()

    assert end
    assert waited < 5
    assert not booked_meanwhile
    assert line_of(answer.headers["x-request-id"]).outcome == "complete"
    assert before - buyer.balance == checker.owed_nano_usd([sandbox.last_call()], PRICES)


def test_a_hold_whose_answer_nobody_heard_is_given_back(
    database: BreakableDatabase, gateway: RunningGateway, buyer: Buyer
) -> None:
    gateway.chat(buyer.key)
    database.silence()
    with ThreadPoolExecutor() as callers:
        calling = callers.submit(gateway.chat, buyer.key)
        wait_until(Hold.objects.exists)
        database.cut()
        status = calling.result().status_code
    database.mend()

    assert status == 503
    wait_until_nothing_is_held()


def test_a_settlement_is_tried_until_the_database_is_back(
    database: BreakableDatabase, gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    before = buyer.balance

    with gateway.chat(buyer.key, "[[tokens:20]] [[pace_ms:20]]", stream=True) as answer:
        next(answer.iter_lines())
        database.cut()
    request_id = answer.headers["x-request-id"]
    refused = [gateway.chat(buyer.key) for _ in range(2)]  # as long as the ledger tries by itself, and longer
    database.mend()

    assert [answer.status_code for answer in refused] == [503, 503]
    line = line_of(request_id)
    assert before - buyer.balance == cost_of(line) > 0


def test_a_gateway_that_stops_waits_for_what_is_not_charged_yet(
    database: BreakableDatabase, buyer: Buyer
) -> None:
    with RunningGateway() as gateway:
        with gateway.chat(buyer.key, "[[tokens:20]] [[pace_ms:20]]", stream=True) as answer:
            next(answer.iter_lines())
            database.cut()
        threading.Timer(1, database.mend).start()

    assert UsageRecord.objects.get().outcome == "client_gone"
    assert not Hold.objects.exists()


def test_what_cannot_be_charged_in_time_expires(
    hasty: None, database: BreakableDatabase, gateway: RunningGateway, buyer: Buyer,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with gateway.chat(buyer.key, "[[tokens:20]] [[pace_ms:20]]", stream=True) as answer:
        next(answer.iter_lines())
        database.cut()
        request_id = answer.headers["x-request-id"]

    wait_until(lambda: f"request={request_id}: its hold could not be ended" in caplog.text)
    database.mend()
    wait_until(lambda: holds.expire_due() == 1)

    assert line_of(request_id).outcome == "expired"


@pytest.fixture
def without_function(shop: None) -> Iterator[Callable[[str], None]]:
    """Take functions away from the database, as a half-done migration would."""
    with connection.cursor() as cursor, ExitStack() as restored:

        def take_away(name: str) -> None:
            cursor.execute(f"alter function {name} rename to taken_away")
            restored.callback(cursor.execute, f"alter function taken_away rename to {name}")

        yield take_away


def test_what_nobody_foresaw_is_still_answered_in_the_surface_s_shape(
    gateway: RunningGateway, buyer: Buyer, without_function: Callable[[str], None]
) -> None:
    without_function("ledger_reserve")

    answer = gateway.chat(buyer.key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert uuid.UUID(answer.headers["x-request-id"]).version == 4


def test_a_settlement_that_the_database_rejects_is_reported(
    gateway: RunningGateway, buyer: Buyer, without_function: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    without_function("ledger_settle")

    answer = gateway.chat(buyer.key)

    assert answer.status_code == 200
    wait_until(lambda: "a hold could not be ended, and will expire" in caplog.text)
    wait_until(lambda: holds.expire_due(at=timezone.now() + timedelta(hours=1)) == 1)
