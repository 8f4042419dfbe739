"""Merges while calls go on: nobody overspends, nothing raises, nobody waits in a circle."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain

import psycopg
import pytest
from django.db import connection, connections, transaction

from ledger.models import Account, AccountAllowance, Hold, LanguageModel
from ledger.services import hold_batches, holds, merging
from ledger.services.hold_batches import HoldBatcher
from ledger.services.holds import Refused, Reserved, ReserveRequest
from tests.factories import ledger as make
from tests.ledger.connections import conninfo
from tests.together import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("proven_books")]

SOON_SECONDS = 30
WAITING = "select count(*) from pg_locks where not granted"

Answer = Reserved | Refused


def through_django(requests: list[ReserveRequest]) -> list[Answer]:
    try:
        return holds.reserve(requests)
    finally:
        connections.close_all()


def through_the_batcher(requests: list[ReserveRequest]) -> list[Answer]:
    async def run() -> list[Answer]:
        pool = hold_batches.connection_pool(conninfo(), max_size=4)
        await pool.open()
        batcher = HoldBatcher(pool)
        try:
            return list(await asyncio.gather(*map(batcher.reserve, requests)))
        finally:
            await batcher.close()
            await pool.close()

    return asyncio.run(run())


def merge_elsewhere(source: Account, into: Account) -> None:
    try:
        merging.merge(source, into)
    finally:
        connections.close_all()


@contextmanager
def locked(account: Account) -> Iterator[Callable[[], None]]:
    """Keep everybody else from the account's row, until the end or until what this yields is called."""
    with psycopg.connect(conninfo()) as locker:
        locker.execute("select from ledger_account where id = %s for update", [account.pk])
        yield locker.rollback


def wait_until_somebody_waits(running: Future[list[Answer]]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute(WAITING)
            [(waiting,)] = cursor.fetchall()
            if waiting:
                return
            assert not running.done(), running.result()
            assert time.monotonic() < deadline


@pytest.mark.parametrize("reserve", [through_django, through_the_batcher])
def test_a_call_that_waited_through_a_merge_is_paid_by_the_account_that_its_key_spends_now(
    model: LanguageModel, reserve: Callable[[list[ReserveRequest]], list[Answer]]
) -> None:
    guest, person = make.spender(wallet=10 * 200), make.funded(0)
    bystander = make.spender(wallet=200)
    requests = [make.call(guest, model), make.call(bystander, model)]

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            merging.merge(guest.account, person)
            running = thread.submit(reserve, requests)
            wait_until_somebody_waits(running)
        answers = running.result(SOON_SECONDS)

    assert [type(answer) for answer in answers] == [Reserved, Reserved]
    assert {hold.account_id for hold in Hold.objects.all()} == {person.pk, bystander.account.pk}


@pytest.mark.parametrize("reserve", [through_django, through_the_batcher])
def test_a_key_that_moves_while_its_call_waits_spends_no_credit_that_another_call_takes(
    model: LanguageModel, reserve: Callable[[list[ReserveRequest]], list[Answer]]
) -> None:
    first, guest, person = make.spender(wallet=200), make.spender(wallet=200), make.spender()
    taken = make.call(person, model)

    with ThreadPoolExecutor(2) as threads, locked(first.account) as release:
        # Knows the guest's account, and waits for the one before it.
        waiting = threads.submit(reserve, [make.call(first, model), make.call(guest, model)])
        wait_until_somebody_waits(waiting)
        threads.submit(merge_elsewhere, guest.account, person.account).result(SOON_SECONDS)
        with transaction.atomic():
            assert isinstance(holds.reserve([taken])[0], Reserved)
            release()
            wait_until_somebody_waits(waiting)
        answers = waiting.result(SOON_SECONDS)

    assert [type(answer) for answer in answers] == [Reserved, Refused]
    assert {hold.account_id for hold in Hold.objects.all()} == {first.account.pk, person.account.pk}


def test_calls_and_merges_at_once_never_spend_more_than_there_is(model: LanguageModel) -> None:
    AccountAllowance.objects.update(open_calls=None)
    person = make.spender(wallet=3 * 200)
    guests = [make.spender(wallet=2 * 200) for _ in range(6)]
    AccountAllowance.objects.update(open_calls=None)
    requests = [[make.call(guest, model) for guest in [person, *guests]] for _ in range(12)]

    def act(number: int) -> list[Answer]:
        if number < len(guests):
            merging.merge(guests[number].account, person.account)
            return []
        return holds.reserve(requests[number - len(guests)][:: 1 if number % 2 else -1])

    results = together(18, act)

    assert [result for result in results if isinstance(result, Exception)] == []
    answers = list(chain.from_iterable(result for result in results if isinstance(result, list)))
    held = sum(answer.held_nano_usd for answer in answers if isinstance(answer, Reserved))
    assert held == sum(account.held_nano_usd for account in Account.objects.all())
    assert held <= 15 * 200


def test_calls_of_before_end_while_new_ones_begin_on_the_same_keys(model: LanguageModel) -> None:
    person = make.spender(wallet=10**6)
    guests = [make.spender(wallet=10**6) for _ in range(5)]
    AccountAllowance.objects.update(open_calls=None)
    before = [[make.call(guest, model) for guest in guests] for _ in range(8)]
    after = [[make.call(guest, model) for guest in guests] for _ in range(8)]
    holds.reserve(list(chain.from_iterable(before)))
    for guest in guests:
        merging.merge(guest.account, person.account)

    def act(number: int) -> None:
        turn = 1 if number % 2 else -1
        if number < 8:
            holds.settle([make.report(request) for request in before[number][::turn]])
        else:
            holds.reserve(after[number - 8][::turn])

    assert together(16, act) == [None] * 16
    for guest in guests:
        merging.follow(guest.account.pk)
    assert merging.to_empty() == []


def test_merges_into_one_account_from_many_sides_never_wait_in_a_circle() -> None:
    people = [make.funded(10) for _ in range(2)]
    guests = [make.funded(10) for _ in range(8)]

    results = together(8, lambda number: merging.merge(guests[number], people[number % 2]))

    assert results == [None] * 8
    assert [Account.objects.get(pk=person.pk).balance_nano_usd for person in people] == [50, 50]
