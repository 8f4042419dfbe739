"""How a question reaches an upstream, and what its answer stands for. `test_faults.py` has the streams."""

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.errors import AnswerBroken, UpstreamUnavailable
from gateway.models import Protocol
from gateway.providers import posts
from gateway.providers.routes import Question, Route
from gateway.providers.upstreams import Answer, Upstreams
from tests.gateway.scripted_server import OK, SILENCE, chunked, serving, whole

ROUTE = Route(
    channel="one", protocol=Protocol.OPENAI, base_url="http://127.0.0.1/v1/", key="sk-upstream", model="m"
)
QUESTION = Question(path="/chat/completions", body=b"{}")
REQUEST_ID = uuid.UUID(int=1)


@asynccontextmanager
async def upstreams() -> AsyncIterator[Upstreams]:
    asking = Upstreams(silence_seconds=20, allows_private=True)
    yield asking
    await asking.close()


async def ask(asking: Upstreams, port: int, sent: list[None] | None = None) -> Answer:
    route = dataclasses.replace(ROUTE, base_url=f"http://127.0.0.1:{port}/v1/")
    heard: list[None] = [] if sent is None else sent
    return await asking.ask(route, QUESTION, request_id=REQUEST_ID, on_sent=lambda: heard.append(None))


async def said(asking: Upstreams, port: int) -> bytes:
    """Return a whole answer, and give its connection back."""
    answer = await ask(asking, port)
    body = await answer.whole(limit_bytes=1000)
    answer.close()
    return body


def test_a_call_whose_kept_connection_was_just_closed_is_sent_again_over_another() -> None:
    async def story() -> None:
        async with serving([whole(b"one"), b""], [whole(b"two")]) as server, upstreams() as asking:
            assert await said(asking, server.port) == b"one"
            assert await said(asking, server.port) == b"two"
            assert server.connections == [0, 0, 1]

    asyncio.run(story())


def test_a_call_is_sent_again_only_once() -> None:
    async def story() -> None:
        async with serving([whole(b"one"), b""], [b""], [whole(b"two")]) as server, upstreams() as asking:
            assert await said(asking, server.port) == b"one"
            with pytest.raises(UpstreamUnavailable):
                await said(asking, server.port)
            assert server.connections == [0, 0, 1]

    asyncio.run(story())


def test_a_call_that_was_answered_with_a_word_is_not_sent_again() -> None:
    async def story() -> None:
        async with serving([whole(b"one"), b"HTTP/1.1"], [whole(b"two")]) as server, upstreams() as asking:
            assert await said(asking, server.port) == b"one"
            with pytest.raises(UpstreamUnavailable):
                await said(asking, server.port)
            assert server.connections == [0, 0]

    asyncio.run(story())


def test_a_call_over_a_fresh_connection_is_not_sent_again() -> None:
    async def story() -> None:
        async with serving([b""], [whole(b"two")]) as server, upstreams() as asking:
            with pytest.raises(UpstreamUnavailable):
                await said(asking, server.port)
            assert server.connections == [0]

    asyncio.run(story())


def test_who_asked_knows_when_the_upstream_may_be_at_work() -> None:
    async def story() -> None:
        async with serving([SILENCE]) as server, upstreams() as asking:
            sent: list[None] = []
            asked = asyncio.create_task(ask(asking, server.port, sent))
            while not server.heard:
                await asyncio.sleep(0)
            assert sent == [None]
            asked.cancel()
            await server.hung_up.wait()

    asyncio.run(story())


def test_nothing_is_at_work_where_nobody_was_reached() -> None:
    async def story() -> None:
        async with upstreams() as asking:
            sent: list[None] = []
            with pytest.raises(UpstreamUnavailable, match="ConnectionRefusedError"):
                await ask(asking, 1, sent)
            assert not sent

    asyncio.run(story())


def test_closing_an_answer_twice_lends_its_connection_once() -> None:
    async def story() -> None:
        async with (
            serving([whole(b"one"), whole(b"two"), whole(b"lent twice")], [whole(b"three")]) as server,
            upstreams() as asking,
        ):
            first = await ask(asking, server.port)
            first.close()
            first.close()
            await ask(asking, server.port)
            await ask(asking, server.port)
            assert server.connections == [0, 0, 1]

    asyncio.run(story())


def test_an_answer_that_is_longer_than_asked_for_is_none() -> None:
    async def story() -> None:
        async with serving([whole(b"x" * 1001)]) as server, upstreams() as asking:
            with pytest.raises(AnswerBroken):
                await said(asking, server.port)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (whole(b""), "empty answer"),
        (chunked(), "empty answer"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "status 204"),
        (OK + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b", "compressed answer"),
        (b"HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n", "status 418"),
    ],
    ids=["empty", "empty chunks", "no content", "compressed", "teapot"],
)
def test_what_is_no_answer_says_why(answer: bytes, why: str) -> None:
    async def story() -> None:
        async with serving([answer]) as server, upstreams() as asking:
            with pytest.raises(UpstreamUnavailable, match=why):
                await ask(asking, server.port)

    asyncio.run(story())


def test_a_failure_that_was_told_whole_leaves_its_connection_to_the_next_call() -> None:
    busy = b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\n{}"

    async def story() -> None:
        async with serving([busy, whole(b"two")]) as server, upstreams() as asking:
            with pytest.raises(UpstreamUnavailable):
                await ask(asking, server.port)
            assert await said(asking, server.port) == b"two"
            assert server.connections == [0, 0]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("base_url", "first_lines"),
    [
        ("http://host/v1", b"POST /v1/chat/completions HTTP/1.1\r\nhost: host\r\n"),
        ("http://host:80/v1/", b"POST /v1/chat/completions HTTP/1.1\r\nhost: host\r\n"),
        ("https://host:80", b"POST /chat/completions HTTP/1.1\r\nhost: host:80\r\n"),
        ("https://HOST.example./v1", b"POST /v1/chat/completions HTTP/1.1\r\nhost: host.example.\r\n"),
        ("http://[::1]:8000/v1", b"POST /v1/chat/completions HTTP/1.1\r\nhost: [::1]:8000\r\n"),
        (
            "https://b\u00fccher.example",
            b"POST /chat/completions HTTP/1.1\r\nhost: xn--bcher-kva.example\r\n",
        ),
        ("http://host/a%20b/\u00fc", b"POST /a%20b/%C3%BC/chat/completions HTTP/1.1\r\nhost: host\r\n"),
    ],
)
def test_a_question_goes_to_its_channel_s_address(base_url: str, first_lines: bytes) -> None:
    post = posts.of(QUESTION, dataclasses.replace(ROUTE, base_url=base_url), request_id=REQUEST_ID)

    assert post.head.startswith(first_lines)


def test_a_question_carries_its_names_its_key_and_its_length() -> None:
    post = posts.of(QUESTION, ROUTE, request_id=REQUEST_ID)

    assert post.head.endswith(
        b"\r\nuser-agent: purser\r\naccept: */*\r\naccept-encoding: identity\r\n"
        b"content-type: application/json\r\nx-request-id: 00000000-0000-0000-0000-000000000001\r\n"
        b"authorization: Bearer sk-upstream\r\ncontent-length: 2\r\n\r\n"
    )


@pytest.mark.parametrize("base_url", ["http://host:99999", "http://a..b"])
def test_nothing_is_sent_to_what_is_no_address(base_url: str) -> None:
    with pytest.raises(UpstreamUnavailable, match="address"):
        posts.of(QUESTION, dataclasses.replace(ROUTE, base_url=base_url), request_id=REQUEST_ID)


@pytest.mark.parametrize("end", ["\r", "\n", "\0"])
@pytest.mark.parametrize("protocol", Protocol)
def test_a_key_cannot_hold_a_header_of_its_own(protocol: Protocol, end: str) -> None:
    route = dataclasses.replace(ROUTE, protocol=protocol, key=f"sk-upstream{end}x: y")

    with pytest.raises(UpstreamUnavailable, match="header"):
        posts.of(QUESTION, route, request_id=REQUEST_ID)
