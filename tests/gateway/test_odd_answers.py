"""What upstreams say that no protocol foresees, and what becomes of several channels."""

from collections.abc import Iterator

import pytest

from ledger.models import UsageRecord
from tests.factories import gateway as make
from tests.factories.gateway import Buyer
from tests.gateway.evidence import line_of, listen, wait_until_nothing_is_held
from tests.gateway.running import RunningGateway
from tests.gateway.scripted_upstream import ScriptedUpstream, stream, whole
from tests.sandbox.running import RunningSandbox


@pytest.fixture
def scripted(gateway: RunningGateway, request: pytest.FixtureRequest) -> Iterator[ScriptedUpstream]:
    """Serve the model `scripted` by an upstream that gives the test's one answer."""
    with ScriptedUpstream(request.param) as upstream:
        make.channel(upstream.url, make.model("scripted"))
        gateway.run(gateway.engine.catalogue.refresh())
        yield upstream


CHUNK = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
USAGE = b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d}}\n\n'
DONE = b"data: [DONE]\n\n"
USAGE_IN_LAST_CHUNK = (
    b'data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":3}}\n\n'
)


@pytest.mark.parametrize(
    ("scripted", "passed_on", "used"),
    [
        (stream(CHUNK, USAGE % (9, 1), USAGE % (9, 3), DONE), CHUNK + DONE, (9, 3)),
        (
            stream(CHUNK, USAGE_IN_LAST_CHUNK, DONE),
            CHUNK + USAGE_IN_LAST_CHUNK + DONE,
            (9, 3),
        ),
        (
            stream(b": wait\n\n", CHUNK, USAGE % (9, 3), DONE),
            b": wait\n\n" + CHUNK + DONE,
            (9, 3),
        ),
        (stream(CHUNK, USAGE % (9, 3), DONE[:-2]), CHUNK + DONE[:-2], (9, 3)),
        (stream(CHUNK, USAGE % (9, 3), DONE, CHUNK), CHUNK + DONE, (9, 3)),
        (
            stream(CHUNK, b"data: {oh\n\n", b"nonsense\n\n", USAGE % (9, 3), DONE),
            CHUNK + b"data: {oh\n\nnonsense\n\n" + DONE,
            (9, 3),
        ),
    ],
    ids=[
        "usage twice",
        "usage within",
        "comment",
        "no blank line at the end",
        "more after the end",
        "malformed",
    ],
    indirect=["scripted"],
)
def test_odd_streams_pass_and_are_charged_by_their_last_report(
    gateway: RunningGateway, scripted: ScriptedUpstream, buyer: Buyer, passed_on: bytes, used: tuple[int, int]
) -> None:
    answer = gateway.chat(buyer.key, model="scripted", stream=True)

    assert answer.content == passed_on
    line = line_of(answer.headers["x-request-id"])
    assert (line.outcome, line.is_estimated) == ("complete", False)
    assert (line.input_tokens, line.output_tokens) == used


UNAVAILABLE, FAILED, OBJECTED = (502, "upstream_unavailable"), (502, "upstream_failed"), (400, None)


@pytest.mark.parametrize(
    ("scripted", "told"),
    [
        pytest.param(stream(), UNAVAILABLE, id="empty"),
        pytest.param(stream(b'data: {"error":{"message":"no"}}\n\n'), FAILED, id="error at once"),
        pytest.param(stream(b"data: torn"), FAILED, id="torn frame"),
        pytest.param(stream(DONE), FAILED, id="nothing but the end"),
        pytest.param(stream(b"data: " + b"x" * 9_000_000), FAILED, id="endless frame"),
        pytest.param(whole(b"no JSON"), FAILED, id="no JSON"),
        pytest.param(whole(b'{"error":{"message":"no"}}'), FAILED, id="error as answer"),
        pytest.param(whole(b"", status=b"302 Found", headers=b"Location: /\r\n"), UNAVAILABLE, id="redirect"),
        pytest.param(whole(b"not JSON", status=b"400 Bad"), OBJECTED, id="bare 400"),
        pytest.param(whole(b"[1]", status=b"400 Bad"), OBJECTED, id="odd 400"),
        pytest.param(whole(b"x" * 100_000, status=b"400 Bad"), FAILED, id="endless 400"),
        pytest.param(b"garbage", UNAVAILABLE, id="no HTTP"),
    ],
    indirect=["scripted"],
)
def test_answers_that_are_none_cost_nothing(
    gateway: RunningGateway, scripted: ScriptedUpstream, buyer: Buyer, told: tuple[int, str | None]
) -> None:
    before = buyer.balance

    answer = gateway.chat(buyer.key, model="scripted", stream=True)

    wait_until_nothing_is_held()
    assert (answer.status_code, answer.json()["error"]["code"]) == told
    assert len(scripted.heard) == 1
    assert before == buyer.balance


@pytest.mark.parametrize("scripted", [stream(b": wait\n\n"), stream(b": wait\n\n", DONE)], indirect=True)
def test_a_comment_is_no_answer(gateway: RunningGateway, scripted: ScriptedUpstream, buyer: Buyer) -> None:
    before = buyer.balance

    answer = gateway.chat(buyer.key, model="scripted", stream=True)

    wait_until_nothing_is_held()
    assert answer.content.startswith(b": wait\n\ndata: {")
    assert b'"upstream_failed"' in answer.content
    assert before == buyer.balance


@pytest.mark.parametrize(
    ("scripted", "wait"),
    [
        (whole(b"{}", status=b"429 Busy", headers=b"Retry-After: 7\r\n"), "7"),
        (whole(b"{}", status=b"429 Busy", headers=b"Retry-After: 100000\r\n"), "60"),
        (whole(b"{}", status=b"429 Busy", headers=b"Retry-After: soon\r\n"), "2"),
    ],
    ids=["some", "for ever", "vague"],
    indirect=["scripted"],
)
def test_a_busy_upstream_s_wait_is_passed_on(
    gateway: RunningGateway, scripted: ScriptedUpstream, buyer: Buyer, wait: str
) -> None:
    answer = gateway.chat(buyer.key, model="scripted")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, wait)


def test_the_next_channel_answers_when_the_first_cannot(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    with ScriptedUpstream(whole(b"{}", status=b"500 Oh")) as first:
        backed = make.model("gpt-oss-120b")
        make.channel(sandbox.url, backed, priority=20)
        make.channel(first.url, backed, priority=10)
        gateway.run(gateway.engine.catalogue.refresh())
        answer = gateway.chat(buyer.key, model="gpt-oss-120b", stream=True)

    assert len(first.heard) == 1
    assert b"[DONE]" in answer.content
    assert UsageRecord.objects.count() == 1


def test_no_channel_is_asked_after_the_first_byte(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    with ScriptedUpstream(stream(CHUNK)) as first:
        backed = make.model("gpt-oss-120b")
        make.channel(sandbox.url, backed, priority=20)
        make.channel(first.url, backed, priority=10)
        gateway.run(gateway.engine.catalogue.refresh())
        served = len(sandbox.served())
        heard = listen(gateway.chat(buyer.key, model="gpt-oss-120b", stream=True))

    assert (heard.text, heard.error_code) == ("Hi", "upstream_failed")
    assert len(sandbox.served()) == served


def test_no_other_channel_is_asked_about_a_mistake_of_the_caller(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    with ScriptedUpstream(whole(b"{}", status=b"400 Bad")) as first:
        backed = make.model("gpt-oss-120b")
        make.channel(sandbox.url, backed, priority=20)
        make.channel(first.url, backed, priority=10)
        gateway.run(gateway.engine.catalogue.refresh())
        served = len(sandbox.served())
        answer = gateway.chat(buyer.key, model="gpt-oss-120b")

    assert answer.status_code == 400
    assert len(sandbox.served()) == served
