import asyncio
import time

import pytest

from gateway.errors import AnswerBroken, CallerGone, UpstreamBusy, UpstreamObjected, UpstreamUnavailable
from gateway.models import Protocol
from gateway.providers.routes import Route
from gateway.services.channel_health import FAILURES_BEFORE_REST, ChannelHealth

DOWN = UpstreamUnavailable("status 500")
OBJECTION = UpstreamObjected(400, message="no", kind="k", param=None, code=None)


def route(name: str, **limits: float) -> Route:
    return Route(
        channel=name,
        protocol=Protocol.OPENAI,
        base_url="http://x",
        key="k",
        model="m",
        **limits,  # type: ignore[arg-type]
    )


FIRST, SECOND = route("first"), route("second")


def fail(health: ChannelHealth, which: Route, failure: BaseException, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(failure)), health.calling(which):
            raise failure


def test_a_channel_that_keeps_failing_lets_the_others_go_first() -> None:
    health = ChannelHealth()

    fail(health, FIRST, DOWN, FAILURES_BEFORE_REST)

    assert health.to_ask([FIRST, SECOND]) == [SECOND, FIRST]


def test_an_answer_that_breaks_off_is_a_failure_too() -> None:
    health = ChannelHealth()

    fail(health, FIRST, AnswerBroken(), FAILURES_BEFORE_REST)

    assert health.to_ask([FIRST, SECOND]) == [SECOND, FIRST]


@pytest.mark.parametrize("failure", [OBJECTION, CallerGone(), asyncio.CancelledError()], ids=repr)
def test_what_is_not_the_channel_s_fault_is_not_held_against_it(failure: BaseException) -> None:
    health = ChannelHealth()

    fail(health, FIRST, failure, FAILURES_BEFORE_REST)

    assert health.to_ask([FIRST, SECOND]) == [FIRST, SECOND]


def test_failures_are_forgotten_when_it_works() -> None:
    health = ChannelHealth()
    fail(health, FIRST, DOWN, FAILURES_BEFORE_REST - 1)

    with health.calling(FIRST):
        pass
    fail(health, FIRST, DOWN)

    assert health.to_ask([FIRST, SECOND]) == [FIRST, SECOND]


def test_a_channel_that_asks_for_rest_gets_it_at_once() -> None:
    health = ChannelHealth()

    fail(health, FIRST, UpstreamBusy(60))

    assert health.to_ask([FIRST, SECOND]) == [SECOND, FIRST]


def test_a_rest_ends() -> None:
    health, brief = ChannelHealth(), route("brief", cool_down_seconds=0.05)
    fail(health, brief, DOWN, FAILURES_BEFORE_REST)
    assert health.to_ask([brief, SECOND]) == [SECOND, brief]

    deadline = time.monotonic() + 5
    while health.to_ask([brief, SECOND]) != [brief, SECOND]:
        assert time.monotonic() < deadline


def test_a_channel_has_no_more_calls_open_than_it_may() -> None:
    health, narrow = ChannelHealth(), route("narrow", open_calls_limit=1)

    with health.calling(narrow):
        with pytest.raises(UpstreamBusy), health.calling(narrow):
            pass
        assert health.to_ask([narrow, SECOND]) == [narrow, SECOND]
    with health.calling(narrow):
        pass
