import asyncio

import pytest

from gateway.errors import CallerGone, NotReady, Stopped, UpstreamTooSlow
from gateway.services.open_calls import OpenCalls


async def never() -> None:
    await asyncio.Event().wait()


async def at_once() -> None:
    pass


def test_a_call_that_ends_by_itself_is_left_alone() -> None:
    async def call() -> str:
        calls = OpenCalls()
        async with calls.enter(never, seconds=60):
            await asyncio.sleep(0)
        return "ended"

    assert asyncio.run(call()) == "ended"


def test_a_call_is_broken_off_when_its_caller_leaves() -> None:
    async def call() -> None:
        async with OpenCalls().enter(at_once, seconds=60):
            await never()

    with pytest.raises(CallerGone):
        asyncio.run(call())


def test_a_call_is_broken_off_when_it_takes_too_long() -> None:
    async def call() -> None:
        async with OpenCalls().enter(never, seconds=0.01):
            await never()

    with pytest.raises(UpstreamTooSlow):
        asyncio.run(call())


def test_what_was_broken_off_can_clean_up_and_wait_while_it_does() -> None:
    cleaned: list[str] = []

    async def call() -> None:
        async with OpenCalls().enter(at_once, seconds=60):
            try:
                await never()
            finally:
                await asyncio.sleep(0.01)
                cleaned.append("all")

    with pytest.raises(CallerGone):
        asyncio.run(call())
    assert cleaned == ["all"]


def test_the_caller_s_task_is_usable_after_it_was_broken_off() -> None:
    async def call() -> int:
        with pytest.raises(CallerGone):
            async with OpenCalls().enter(at_once, seconds=60):
                await never()
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(call()) == 0


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def call() -> None:
        async with OpenCalls().enter(never, seconds=60):
            await never()

    async def cancelled() -> bool:
        task = asyncio.create_task(call())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(cancelled())


def test_another_failure_is_not_mistaken_for_a_caller_who_left() -> None:
    async def call() -> None:
        async with OpenCalls().enter(never, seconds=60):
            raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        asyncio.run(call())


def test_stopping_waits_for_calls_that_end() -> None:
    async def stop() -> str:
        calls, outcome = OpenCalls(), []

        async def call() -> None:
            async with calls.enter(never, seconds=60):
                await asyncio.sleep(0.05)
            outcome.append("ended")

        task = asyncio.create_task(call())
        await asyncio.sleep(0)
        await calls.stop(seconds=5)
        await task
        return outcome[0]

    assert asyncio.run(stop()) == "ended"


def test_stopping_breaks_off_calls_that_do_not() -> None:
    async def stop() -> BaseException | None:
        calls = OpenCalls()

        async def call() -> None:
            async with calls.enter(never, seconds=60):
                await never()

        task = asyncio.create_task(call())
        await asyncio.sleep(0)
        await calls.stop(seconds=0.01)
        await asyncio.wait({task})
        return task.exception()

    assert isinstance(asyncio.run(stop()), Stopped)


def test_the_first_reason_counts() -> None:
    async def call() -> None:
        async with OpenCalls().enter(never, seconds=60) as call:
            call.break_off(Stopped())
            call.break_off(CallerGone())
            await never()

    with pytest.raises(Stopped):
        asyncio.run(call())


def test_nothing_begins_after_stopping() -> None:
    async def begin() -> None:
        calls = OpenCalls()
        await calls.stop(seconds=0)
        async with calls.enter(never, seconds=60):
            pass

    with pytest.raises(NotReady):
        asyncio.run(begin())
