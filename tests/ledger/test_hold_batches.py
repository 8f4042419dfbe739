"""The gateway's way to the ledger: batches that gather, connections that break, callers that leave."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from ledger.errors import LedgerUnavailable
from ledger.models import Account, Hold, LanguageModel, UsageRecord
from ledger.services import hold_batches
from ledger.services.hold_batches import HoldBatcher
from ledger.services.holds import RefusalReason, Refused, Released, Reserved
from tests.factories import ledger as make
from tests.ledger.connections import conninfo

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("proven_books")]

SOON_SECONDS = 30
APPLICATION = "the-batcher"


@dataclass
class Gateway:
    """A batcher and the pool it stands on."""

    batcher: HoldBatcher
    pool: AsyncConnectionPool

    @property
    def round_trips(self) -> int:
        return self.pool.get_stats().get("requests_num", 0)


Story = Callable[[Gateway], Awaitable[None]]


def play(story: Story, *, patience_seconds: float = SOON_SECONDS, **facts: str) -> None:
    """Run ``story`` in an event loop of its own."""

    async def run() -> None:
        pool = hold_batches.connection_pool(conninfo(application_name=APPLICATION, **facts), max_size=6)
        await pool.open()
        gateway = Gateway(HoldBatcher(pool, patience_seconds=patience_seconds), pool)
        try:
            await asyncio.wait_for(story(gateway), SOON_SECONDS)
        finally:
            await gateway.batcher.close()
            await pool.close()

    asyncio.run(run())


@contextmanager
def locked(account: Account) -> Iterator[psycopg.Connection]:
    """Keep everybody else from the account's row."""
    with psycopg.connect(conninfo()) as locker:
        locker.execute("select from ledger_account where id = %s for update", [account.pk])
        yield locker
        locker.rollback()


async def until_batches_wait(count: int) -> None:
    """Return when ``count`` batches wait for a lock."""
    query = "select count(*) from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"
    async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as watcher:
        while True:
            cursor = await watcher.execute(query, [APPLICATION])
            if await cursor.fetchone() == (count,):
                return
            await asyncio.sleep(0.01)


def test_calls_that_arrive_together_share_round_trips(model: LanguageModel) -> None:
    callers = [make.spender(wallet=1_000) for _ in range(40)]
    requests = [make.call(caller, model) for caller in callers]

    async def story(gateway: Gateway) -> None:
        answers = await asyncio.gather(*map(gateway.batcher.reserve, requests))
        assert [answer.request_id for answer in answers] == [request.request_id for request in requests]
        assert {type(answer) for answer in answers} == {Reserved}
        settled = await asyncio.gather(*[gateway.batcher.settle(make.report(each)) for each in requests])
        assert {each.cost_nano_usd for each in settled} == {100}
        assert gateway.round_trips <= 8

    play(story)
    assert UsageRecord.objects.count() == 40


def test_each_caller_gets_its_own_answer(model: LanguageModel) -> None:
    rich, poor = make.call(make.spender(wallet=1_000), model), make.call(make.spender(), model)

    async def story(gateway: Gateway) -> None:
        answers = await asyncio.gather(gateway.batcher.reserve(poor), gateway.batcher.reserve(rich))
        assert answers[0] == Refused(poor.request_id, RefusalReason.PAID_MODEL, None)
        assert isinstance(answers[1], Reserved)
        assert await gateway.batcher.release(rich.request_id) == Released(rich.request_id, was_open=True)

    play(story)
    assert not Hold.objects.exists()


def test_a_batch_is_never_larger_than_its_bound(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_batches, "LARGEST_BATCH", 5)
    caller = make.spender(wallet=10_000)
    requests = [make.call(caller, model) for _ in range(30)]

    async def story(gateway: Gateway) -> None:
        await asyncio.gather(*map(gateway.batcher.reserve, requests))
        assert gateway.round_trips >= 6

    play(story)


def test_a_broken_connection_is_replaced_and_nothing_counts_twice(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model)

    async def story(gateway: Gateway) -> None:
        with locked(caller.account) as locker:
            reserving = asyncio.ensure_future(gateway.batcher.reserve(request))
            await until_batches_wait(1)
            locker.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s",
                [APPLICATION],
            )
        assert isinstance(await reserving, Reserved)

    play(story)
    assert [hold.pk for hold in Hold.objects.all()] == [request.request_id]
    assert caller.allowance.requests == 1


def test_a_database_that_stays_away_is_told_in_time(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model)

    async def story(gateway: Gateway) -> None:
        with pytest.raises(LedgerUnavailable):
            await gateway.batcher.reserve(request)
        with pytest.raises(LedgerUnavailable):
            await gateway.batcher.settle(make.report(request))

    play(story, patience_seconds=0.3, host="/nowhere")


def test_a_reserve_that_nobody_waits_for_any_more_is_given_back(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)

    async def story(gateway: Gateway) -> None:
        with locked(caller.account):
            leaving = asyncio.ensure_future(gateway.batcher.reserve(make.call(caller, model)))
            await until_batches_wait(1)
            leaving.cancel()
        await gateway.batcher.close()

    play(story)
    assert not Hold.objects.exists()
    assert caller.allowance.requests == 0


def test_a_settlement_counts_though_its_caller_has_left(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model)

    async def story(gateway: Gateway) -> None:
        await gateway.batcher.reserve(request)
        with locked(caller.account):
            leaving = asyncio.ensure_future(gateway.batcher.settle(make.report(request)))
            await until_batches_wait(1)
            leaving.cancel()

    play(story)
    assert UsageRecord.objects.get().cost_nano_usd == 100


def test_who_leaves_a_database_that_is_away_leaves_nothing_behind(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model)

    async def story(gateway: Gateway) -> None:
        leaving = asyncio.ensure_future(gateway.batcher.reserve(request))
        await asyncio.sleep(0)
        leaving.cancel()
        await gateway.batcher.close()

    play(story, patience_seconds=0.3, host="/nowhere")


def test_a_request_that_the_database_rejects_does_not_harm_its_neighbours(model: LanguageModel) -> None:
    callers = [make.spender(wallet=1_000) for _ in range(3)]
    good = [make.call(caller, model) for caller in callers]
    bad = make.call(callers[0], model, key_id="nul\0")

    async def story(gateway: Gateway) -> None:
        requests = [good[0], bad, *good[1:]]
        answers = await asyncio.gather(*map(gateway.batcher.reserve, requests), return_exceptions=True)
        assert [type(answer) for answer in answers] == [Reserved, psycopg.DataError, Reserved, Reserved]

    play(story)


def test_a_request_that_makes_no_sense_fails_at_once(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model, choices="two")

    async def story(gateway: Gateway) -> None:
        with pytest.raises(TypeError):
            await gateway.batcher.reserve(request)
        assert gateway.round_trips == 0

    play(story)


def test_an_account_that_is_locked_for_long_does_not_stop_the_others(model: LanguageModel) -> None:
    stuck, free = make.spender(wallet=1_000), make.spender(wallet=1_000)
    calls = [make.call(caller, model) for caller in (stuck, stuck, free, free, free, free)]

    async def story(gateway: Gateway) -> None:
        with locked(stuck.account):
            waiting = asyncio.gather(*map(gateway.batcher.reserve, calls[:2]))
            answers = await asyncio.gather(*map(gateway.batcher.reserve, calls[2:]))
            assert {type(answer) for answer in answers} == {Reserved}
            assert not waiting.done()
        assert {type(answer) for answer in await waiting} == {Reserved}

    play(story, options="-c lock_timeout=100")


def test_a_batch_that_takes_its_time_is_overtaken(model: LanguageModel) -> None:
    stuck, free = make.spender(wallet=1_000), make.spender(wallet=1_000)

    async def story(gateway: Gateway) -> None:
        with locked(stuck.account):
            waiting = gateway.batcher._reserves.ask(make.call(stuck, model))
            await until_batches_wait(1)
            assert isinstance(await gateway.batcher.reserve(make.call(free, model)), Reserved)
            assert not waiting.done()
        assert isinstance(await waiting, Reserved)

    play(story, options="-c lock_timeout=0")


def test_what_comes_while_a_batch_is_under_way_goes_along_in_one(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_batches, "SWIFT_SECONDS", SOON_SECONDS)
    callers = [make.spender(wallet=1_000) for _ in range(10)]

    async def story(gateway: Gateway) -> None:
        with locked(callers[0].account):
            first = asyncio.create_task(gateway.batcher.reserve(make.call(callers[0], model)))
            await until_batches_wait(1)
            others = []
            for caller in callers[1:]:
                others.append(asyncio.create_task(gateway.batcher.reserve(make.call(caller, model))))
                await asyncio.sleep(0)
        await asyncio.gather(first, *others)
        assert gateway.round_trips == 2

    play(story)
