"""Several channels for one model: who is asked, who is not, and that only one ever answers."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from gateway.models import Channel
from ledger.models import LanguageModel
from tests.factories import gateway as make
from tests.factories.gateway import PAID_MODEL, Buyer
from tests.gateway.evidence import line_of, wait_until, wait_until_nothing_is_held
from tests.gateway.running import RunningGateway
from tests.gateway.scripted_upstream import ScriptedUpstream, whole
from tests.sandbox.running import RunningSandbox

ANSWER = whole(
    b'{"id":"c1","choices":[{"index":0,"message":{"content":"spare"}}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1}}'
)


@pytest.fixture
def spare(gateway: RunningGateway) -> Iterator[ScriptedUpstream]:
    """Put another upstream behind the sandbox."""
    with ScriptedUpstream(ANSWER) as upstream:
        make.channel(upstream.url, LanguageModel.objects.get(name=PAID_MODEL), priority=90)
        gateway.run(gateway.engine.catalogue.refresh())
        yield upstream


def limit(gateway: RunningGateway, **limits: int) -> None:
    """Set limits of the sandbox's channel, which is the first."""
    Channel.objects.filter(priority=10).update(**limits)
    gateway.run(gateway.engine.catalogue.refresh())


def said(gateway: RunningGateway, buyer: Buyer) -> str:
    return str(gateway.chat(buyer.key).json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize(
    "order",
    [
        {"mode": "fail", "status": 500},
        {"mode": "fail", "status": 401},
        {"mode": "fail", "status": 429},
        {"mode": "reset_before_first_byte"},
    ],
    ids=str,
)
def test_the_next_channel_is_asked_before_the_first_byte(
    gateway: RunningGateway, sandbox: RunningSandbox, spare: ScriptedUpstream, buyer: Buyer,
    order: dict[str, object],
) -> None:  # fmt: skip
    sandbox.behave(**order)

    answer = gateway.chat(buyer.key)

    assert answer.json()["choices"][0]["message"]["content"] == "spare"
    assert line_of(answer.headers["x-request-id"]).upstream_id == "c1"


def test_a_channel_that_does_not_begin_in_its_time_is_left(
    gateway: RunningGateway, sandbox: RunningSandbox, spare: ScriptedUpstream, buyer: Buyer
) -> None:
    limit(gateway, first_byte_seconds=1)
    sandbox.behave(mode="stall", seconds=60)

    assert said(gateway, buyer) == "spare"


def test_a_stream_that_falls_silent_longer_than_its_channel_may_is_ended(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    limit(gateway, silence_seconds=1)
    sandbox.behave(mode="stall", after_chunks=3, seconds=60)

    answer = gateway.chat(buyer.key, "[[tokens:9]]", stream=True)

    assert b"upstream_timeout" in answer.content


def test_after_the_first_byte_nobody_else_is_asked(
    gateway: RunningGateway, sandbox: RunningSandbox, spare: ScriptedUpstream, buyer: Buyer
) -> None:
    sandbox.behave(mode="fail_mid_stream", after_chunks=3)

    answer = gateway.chat(buyer.key, "[[tokens:9]]", stream=True)

    assert b"upstream_failed" in answer.content
    assert spare.heard == []


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_objection_to_the_request_is_the_answer(
    gateway: RunningGateway, sandbox: RunningSandbox, spare: ScriptedUpstream, buyer: Buyer, status: int
) -> None:
    sandbox.behave(mode="fail", status=status)

    assert gateway.chat(buyer.key).status_code == status
    assert spare.heard == []


def test_what_is_above_a_channel_s_limit_goes_to_the_next(
    gateway: RunningGateway, sandbox: RunningSandbox, spare: ScriptedUpstream, buyer: Buyer
) -> None:
    limit(gateway, open_calls_limit=1)

    with gateway.chat(buyer.key, "[[tokens:400]] [[pace_ms:20]]", stream=True) as slow:
        lines = slow.iter_lines()
        assert next(lines)
        overflowing = said(gateway, buyer)

    wait_until_nothing_is_held()
    assert overflowing == "spare"
    assert said(gateway, buyer) == "Hello there"


def test_without_another_channel_a_full_one_is_busy(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    limit(gateway, open_calls_limit=1)

    with gateway.chat(buyer.key, "[[tokens:400]] [[pace_ms:20]]", stream=True) as slow:
        lines = slow.iter_lines()
        assert next(lines)
        refused = gateway.chat(buyer.key)

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "upstream_busy")
    assert refused.headers["retry-after"] == "2"


def test_a_channel_that_keeps_failing_rests_and_comes_back(
    gateway: RunningGateway, sandbox: RunningSandbox, spare: ScriptedUpstream, buyer: Buyer
) -> None:
    limit(gateway, cool_down_seconds=2)
    sandbox.behave(mode="fail", status=500)
    served = len(sandbox.served())
    heard = [said(gateway, buyer) for _ in range(4)]
    asked = len(sandbox.served()) - served
    sandbox.behave(mode="normal")

    assert heard == ["spare"] * 4
    assert asked == 3  # the fourth went past it
    wait_until(lambda: said(gateway, buyer) == "Hello there")


def test_a_channel_says_how_long_it_wants_to_rest(gateway: RunningGateway, buyer: Buyer) -> None:
    busy = whole(b"{}", status=b"429 Too Many Requests", headers=b"Retry-After: 40\r\n")
    with ScriptedUpstream(busy) as upstream:
        make.channel(upstream.url, LanguageModel.objects.get(name=PAID_MODEL), priority=1)
        gateway.run(gateway.engine.catalogue.refresh())

        answers = [said(gateway, buyer) for _ in range(2)]

    assert answers == ["Hello there"] * 2
    assert len(upstream.heard) == 1


def test_an_upstream_in_a_private_network_is_not_called(
    settings: Settings, shop: None, buyer: Buyer, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GATEWAY_PRIVATE_UPSTREAMS = "refused"
    # The sandbox's own channel names its address by number.
    make.channel("http://localhost:9", LanguageModel.objects.get(name=PAID_MODEL), priority=90)

    with RunningGateway() as gateway:
        answer = gateway.chat(buyer.key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unavailable")
    assert caplog.text.count("UpstreamUnavailable(reason='private network')") == 2
    wait_until_nothing_is_held()
