"""HTTP as upstreams speak it, over real sockets, on both event loops that the gateway may run on."""

import asyncio

import pytest

from gateway.providers import pools
from gateway.providers.connections import Connection, ConnectionBroken
from gateway.providers.pools import Origin, Pool
from tests.cluster import free_ports
from tests.gateway.connecting import REQUEST, Run, asked, body_of, read
from tests.gateway.scripted_server import OK, SILENCE, chunked, serving, whole

ANSWERS = [
    pytest.param(whole(b'{"a": 1}'), b'{"a": 1}', id="length"),
    pytest.param(whole(b""), b"", id="empty"),
    pytest.param(chunked(b"one ", b"two"), b"one two", id="chunks"),
    pytest.param(chunked(b"one", end=b"0\r\nx-sum: 1\r\n\r\n"), b"one", id="trailer"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + whole(b"one"), b"one", id="announced"),
    pytest.param(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + whole(b"one"), b"one", id="hinted"),
    pytest.param(whole(b"x" * 1_000_000), b"x" * 1_000_000, id="long"),
]


@pytest.mark.parametrize(("answer", "body"), ANSWERS)
def test_an_answer_is_read_to_its_end_and_its_connection_carries_the_next(
    run: Run, answer: bytes, body: bytes
) -> None:
    async def story() -> None:
        async with serving([answer, whole(b"next")]) as server:
            pool = Pool(allows_private=True)
            assert await read(pool, server) == body
            assert await read(pool, server) == b"next"
            assert server.connections == [0, 0]
            assert server.heard[0][1] == b"".join(REQUEST)
            await pool.close()

    run(story())


ENDS = [
    pytest.param(OK + b"\r\nall of it", b"all of it", id="no length"),
    pytest.param(b"HTTP/1.0 200 OK\r\n\r\nold", b"old", id="old"),
    pytest.param(OK + b"connection: close\r\ncontent-length: 3\r\n\r\nend", b"end", id="said so"),
]


@pytest.mark.parametrize(("answer", "body"), ENDS)
def test_an_answer_that_ends_its_connection_is_whole_and_the_next_has_another(
    run: Run, answer: bytes, body: bytes
) -> None:
    async def story() -> None:
        async with serving([answer], [whole(b"next")]) as server:
            pool = Pool(allows_private=True)
            assert await read(pool, server) == body
            assert await read(pool, server) == b"next"
            assert server.connections == [0, 1]
            await pool.close()

    run(story())


TORN = [
    pytest.param(b"", "closed", id="nothing"),
    pytest.param(OK, "closed", id="half a head"),
    pytest.param(OK + b"content-length: 9\r\n\r\nhalf", "closed", id="half a body"),
    pytest.param(chunked(b"half", end=b""), "closed", id="no last chunk"),
    pytest.param(chunked(end=b"nonsense\r\n"), "HttpParser", id="no chunk"),
    pytest.param(OK + b"transfer-encoding: gzip\r\n\r\nhalf", "closed", id="unknown transfer"),
    pytest.param(OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab", "HttpParser", id="two lengths"),
    pytest.param(b"garbage", "HttpParser", id="no HTTP"),
    pytest.param(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\nx", "HttpParser", id="another protocol"
    ),
    pytest.param(OK + b"x: " + b"x" * 600_000, "endless head", id="endless header"),
    pytest.param(chunked(b"a", end=b"0\r\nx: " + b"x" * 600_000), "endless head", id="endless trailer"),
]


@pytest.mark.parametrize(("answer", "why"), TORN)
def test_an_answer_that_does_not_come_to_its_end_is_broken(run: Run, answer: bytes, why: str) -> None:
    async def story() -> None:
        async with serving([answer]) as server:
            pool = Pool(allows_private=True)
            with pytest.raises(ConnectionBroken, match=why):
                await read(pool, server)
            await pool.close()

    run(story())


def test_a_second_answer_to_one_request_is_nobody_s(run: Run) -> None:
    async def story() -> None:
        async with serving([whole(b"mine") + whole(b"whose?")], [whole(b"next")]) as server:
            pool = Pool(allows_private=True)
            assert await read(pool, server) == b"mine"
            assert await read(pool, server) == b"next"
            await pool.close()

    run(story())


def test_what_comes_between_two_answers_closes_the_connection(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_SWEEP_SECONDS", 1000)

    async def story() -> None:
        async with serving([whole(b"one"), SILENCE], [whole(b"next")]) as server:
            pool = Pool(allows_private=True)
            connection = await asked(pool, server)
            await body_of(connection)
            pool.end(connection, server.origin)
            server.writers[0].write(whole(b"two"))
            while pool._open:
                await asyncio.sleep(0)
            assert await read(pool, server) == b"next"
            await pool.close()

    run(story())


def test_an_answer_that_nobody_reads_on_ends_its_connection(run: Run) -> None:
    async def story() -> None:
        async with serving([chunked(b"one", end=b""), SILENCE], [whole(b"next")]) as server:
            pool = Pool(allows_private=True)
            connection = await asked(pool, server)
            assert await connection.part() == b"one"
            pool.end(connection, server.origin)
            assert await read(pool, server) == b"next"
            await pool.close()

    run(story())


def test_who_is_cancelled_hangs_up(run: Run) -> None:
    async def story() -> None:
        async with serving([SILENCE]) as server:
            pool = Pool(allows_private=True)
            connection = await pool.fresh(server.origin)
            connection.send(*REQUEST, silence_seconds=None)
            waiting = asyncio.create_task(connection.begun())
            while not server.heard:
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            connection.close()
            await server.hung_up.wait()
            await pool.close()

    run(story())


@pytest.mark.parametrize("begins", [b"", OK + b"content-length: 9\r\n\r\nhalf"], ids=["head", "body"])
def test_silence_is_not_waited_for_longer_than_allowed(run: Run, begins: bytes) -> None:
    async def story() -> None:
        async with serving([SILENCE]) as server:
            pool = Pool(allows_private=True)
            connection = await pool.fresh(server.origin)
            connection.send(*REQUEST, silence_seconds=0.05)
            while not server.heard:
                await asyncio.sleep(0)
            server.writers[0].write(begins)
            with pytest.raises(TimeoutError):
                await body_of_what_begins(connection)
            connection.close()
            await pool.close()

    run(story())


async def body_of_what_begins(connection: Connection) -> bytes:
    await connection.begun()
    return await body_of(connection)


def test_time_in_which_nobody_reads_is_no_silence(run: Run) -> None:
    async def story() -> None:
        async with serving([SILENCE]) as server:
            pool = Pool(allows_private=True)
            connection = await pool.fresh(server.origin)
            connection.send(*REQUEST, silence_seconds=0.02)
            while not server.heard:
                await asyncio.sleep(0)
            server.writers[0].write(OK + b"content-length: 6\r\n\r\none")
            await connection.begun()
            await several_alarms(connection)
            server.writers[0].write(b"two")
            assert await body_of(connection) == b"onetwo"
            connection.close()
            await pool.close()

    run(story())


async def several_alarms(connection: Connection) -> None:
    """Return when the alarm of ``connection`` has gone off and was set again, twice."""
    for _ in range(2):
        alarm = connection._alarm
        while connection._alarm is alarm:
            await asyncio.sleep(0)


def test_an_upstream_waits_for_a_slow_reader(run: Run) -> None:
    body = b"x" * 50_000_000

    async def story() -> None:
        async with serving([whole(body)]) as server:
            pool = Pool(allows_private=True)
            connection = await asked(pool, server)
            while not connection._is_paused:
                await asyncio.sleep(0)
            await nothing_more_moves()
            assert server.writers[0].transport.get_write_buffer_size() > 10_000_000
            assert connection._unread_bytes < 1_000_000
            assert await body_of(connection) == body
            connection.close()
            await pool.close()

    run(story())


async def nothing_more_moves() -> None:
    """Let both ends do what they can: much more than all that would take."""
    for _ in range(5000):
        await asyncio.sleep(0)


def test_a_connection_is_not_kept_for_long(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_KEEP_SECONDS", 0)

    async def story() -> None:
        async with serving([whole(b"one"), SILENCE], [whole(b"two"), SILENCE]) as server:
            pool = Pool(allows_private=True)
            assert await read(pool, server) == b"one"
            assert await read(pool, server) == b"two"
            await pool.close()

    run(story())


def test_a_connection_that_nobody_needs_is_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_KEEP_SECONDS", 0.02)
    monkeypatch.setattr(pools, "_SWEEP_SECONDS", 0.01)

    async def story() -> None:
        async with serving([whole(b"one"), SILENCE]) as server:
            pool = Pool(allows_private=True)
            await read(pool, server)
            while pool._open:
                await asyncio.sleep(0)
            await pool.close()

    run(story())


def test_a_pool_that_closes_hangs_up(run: Run) -> None:
    async def story() -> None:
        async with serving([whole(b"one"), SILENCE], [SILENCE]) as server:
            pool = Pool(allows_private=True)
            await read(pool, server)
            await pool.fresh(server.origin)
            await pool.close()
            assert not pool._open

    run(story())


def test_nobody_answers_where_nobody_listens(run: Run) -> None:
    [port] = free_ports(1)

    async def story() -> None:
        pool = Pool(allows_private=True)
        with pytest.raises(ConnectionRefusedError):
            await pool.fresh(Origin(is_secure=False, host="127.0.0.1", port=port))
        await pool.close()

    run(story())


def test_who_asks_for_a_host_at_the_same_time_shares_the_answer(run: Run) -> None:
    async def story() -> None:
        async with serving([whole(b"one")], [whole(b"two")]) as server:
            pool = Pool(allows_private=True)
            first, second = pool.fresh(server.origin), pool.fresh(server.origin)
            opening = asyncio.gather(first, second)
            await asyncio.sleep(0)
            assert len(pool._lookups) == 1
            assert len(await opening) == 2
            assert not pool._lookups
            await pool.close()

    run(story())
