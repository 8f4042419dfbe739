"""Upstreams over HTTP: one call sent, one answer read, every fault named. Both protocols travel alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from functools import partial

from gateway.errors import AnswerBroken, CallFailed, UpstreamBusy, UpstreamTooSlow, UpstreamUnavailable
from gateway.providers import objections, posts
from gateway.providers.connections import Connection, ConnectionBroken
from gateway.providers.networks import PrivateNetwork
from gateway.providers.pools import Origin, Pool
from gateway.providers.posts import Post
from gateway.providers.routes import Question, Route

_JSON = "application/json"
_LONGEST_ERROR_BYTES = 64 * 1024


class Answer:
    """An answer that has begun. Whoever holds it must close it; closing ends the upstream's work at once."""

    def __init__(self, connection: Connection, first_part: bytes, end: Callable[[], None]) -> None:
        self.content_type = _text(connection, b"content-type") or _JSON
        self._connection = connection
        self._first_part = first_part
        self._end = end
        self._is_closed = False

    @property
    def is_json(self) -> bool:
        """Tell whether the upstream says that this is one JSON value, whatever it was asked for."""
        return self.content_type.startswith(_JSON)

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; AnswerBroken or UpstreamTooSlow when it does not come to its end."""
        part = self._first_part
        while part:
            yield part
            part = await self._next_part()

    async def whole(self, *, limit_bytes: int) -> bytes:
        """Return the whole body."""
        parts, length = [], 0
        async for part in self.parts():
            parts.append(part)
            length += len(part)
            if length > limit_bytes:
                raise AnswerBroken
        return b"".join(parts)

    def close(self) -> None:
        """Let go of the answer: a connection with something still to come on it is closed."""
        if not self._is_closed:
            self._is_closed = True
            self._end()

    async def _next_part(self) -> bytes:
        try:
            return await self._connection.part()
        except TimeoutError:
            raise UpstreamTooSlow from None
        except ConnectionBroken:
            raise AnswerBroken from None


class Upstreams:
    """The HTTP connections of one process to all its upstreams."""

    def __init__(self, *, silence_seconds: float, allows_private: bool) -> None:
        self._silence_seconds = silence_seconds
        self._pool = Pool(allows_private=allows_private)

    async def ask(
        self, route: Route, question: Question, *, request_id: uuid.UUID, on_sent: Callable[[], None]
    ) -> Answer:
        """Send ``question`` and return the answer from its first bytes on; raise a CallFailed when none come.

        ``on_sent`` is called when the body is on its way: from then on the upstream may be at work.
        """
        post = posts.of(question, route, request_id=request_id)
        silence_seconds = self._silence_seconds_of(route, question)
        try:
            async with asyncio.timeout(route.first_byte_seconds):
                connection = await self._answering(post, silence_seconds, on_sent)
                return await self._begun(connection, post.origin, route)
        except TimeoutError:
            raise UpstreamTooSlow from None
        except (ConnectionBroken, PrivateNetwork) as failure:
            raise UpstreamUnavailable(str(failure)) from None
        except OSError as failure:
            raise UpstreamUnavailable(type(failure).__name__) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    def _silence_seconds_of(self, route: Route, question: Question) -> float | None:
        # Who calls says how long a call may take. A whole answer is silent until it is complete.
        return (route.silence_seconds or self._silence_seconds) if question.is_stream else None

    async def _answering(
        self, post: Post, silence_seconds: float | None, on_sent: Callable[[], None]
    ) -> Connection:
        """Return a connection on which the answer has begun.

        A kept one may have been closed at its other end before the request came there. So where it ends
        without a word, a fresh one is tried, once; where there was a word, the upstream was at work.
        """
        if kept := self._pool.kept(post.origin):
            try:
                return await _asked(kept, post, silence_seconds, on_sent)
            except ConnectionBroken:
                if kept.has_answered:
                    raise
        fresh = await self._pool.fresh(post.origin)
        return await _asked(fresh, post, silence_seconds, on_sent)

    async def _begun(self, connection: Connection, origin: Origin, route: Route) -> Answer:
        """Return the answer from its first bytes on, or raise what its status stands for."""
        end = partial(self._pool.end, connection, origin)
        with ExitStack() as in_case_of_failure:
            in_case_of_failure.callback(end)
            if connection.status != 200:
                raise await _failure(connection, route)
            if _text(connection, b"content-encoding") not in ("", "identity"):
                raise UpstreamUnavailable("compressed answer")
            first_part = await connection.part()
            if not first_part:
                raise UpstreamUnavailable("empty answer")
            in_case_of_failure.pop_all()
        return Answer(connection, first_part, end)


async def _asked(
    connection: Connection, post: Post, silence_seconds: float | None, on_sent: Callable[[], None]
) -> Connection:
    """Send ``post`` over ``connection``, and return it when an answer begins there."""
    try:
        connection.send(post.head, post.body, silence_seconds=silence_seconds)
        on_sent()
        await connection.begun()
    except BaseException:
        connection.close()
        raise
    return connection


async def _failure(connection: Connection, route: Route) -> CallFailed:
    if connection.status in objections.BUSY:
        return UpstreamBusy(objections.wait_seconds(_text(connection, b"retry-after")))
    if connection.status not in objections.CALLERS_FAULT:
        return UpstreamUnavailable(f"status {connection.status}")
    begun = Answer(connection, await connection.part(), connection.close)
    body = await begun.whole(limit_bytes=_LONGEST_ERROR_BYTES)
    return objections.objection(connection.status, body, secret=route.key)


def _text(connection: Connection, name: bytes) -> str:
    return connection.headers.get(name, b"").decode("latin-1").strip()
