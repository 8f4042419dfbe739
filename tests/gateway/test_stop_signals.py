import asyncio
import signal
from collections.abc import Iterator

import pytest

from gateway.api import stop_signals


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield request.param
    for number, handler in before.items():
        signal.signal(number, handler)


async def heard_after(number: signal.Signals) -> None:
    heard = asyncio.Event()
    stop_signals.on_stop(heard.set)
    signal.raise_signal(number)
    await asyncio.wait_for(heard.wait(), timeout=5)


def test_the_signal_is_heard_beside_whoever_heard_it_before(number: signal.Signals) -> None:
    heard_by_others: list[int] = []
    signal.signal(number, lambda received, frame: heard_by_others.append(received))

    asyncio.run(heard_after(number))

    assert heard_by_others == [number]


def test_the_signal_is_heard_when_nobody_did_before(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)

    asyncio.run(heard_after(number))


def test_a_thread_hears_no_signals_and_changes_nothing(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    async def listen_in_a_thread() -> None:
        await asyncio.to_thread(asyncio.run, listen())

    async def listen() -> None:
        stop_signals.on_stop(lambda: None)

    asyncio.run(listen_in_a_thread())
    assert signal.getsignal(number) is before
