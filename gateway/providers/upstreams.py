"""Upstreams over HTTP: one call sent, one answer read, every fault named. Both protocols travel alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from gateway.errors import AnswerBroken, CallFailed, UpstreamBusy, UpstreamTooSlow, UpstreamUnavailable
from gateway.models import Protocol
from gateway.providers import networks, objections
from gateway.providers.networks import PublicResolver
from gateway.providers.routes import Question, Route

_JSON = "application/json"
_CONNECT_SECONDS = 5
# Servers close idle connections after 5 s and more; a call on one that is just being closed would be lost.
_KEEP_ALIVE_SECONDS = 4
_LONGEST_ERROR_BYTES = 64 * 1024
# The version of Anthropic's protocol that is meant when a caller names none.
_ANTHROPIC_VERSION = "2023-06-01"


class Answer:
    """An answer that has begun. Whoever holds it must close it; closing ends the upstream's work at once."""

    def __init__(self, response: aiohttp.ClientResponse, first_part: bytes) -> None:
        self.content_type = response.headers.get("content-type", _JSON)
        self._response = response
        self._first_part = first_part

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
        """Let go of the answer: a connection with something unread on it is closed."""
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()

    async def _next_part(self) -> bytes:
        try:
            return await self._response.content.readany()
        except TimeoutError:
            raise UpstreamTooSlow from None
        except aiohttp.ClientError:
            raise AnswerBroken from None


class Upstreams:
    """The HTTP connections of one process to all its upstreams."""

    def __init__(self, *, silence_seconds: float, allows_private: bool) -> None:
        self._silence_seconds = silence_seconds
        self._allows_private = allows_private
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=_KEEP_ALIVE_SECONDS,
                resolver=None if allows_private else PublicResolver(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "purser", "accept-encoding": "identity", "content-type": _JSON},
        )

    async def ask(
        self, route: Route, question: Question, *, request_id: uuid.UUID, on_sent: Callable[[], None]
    ) -> Answer:
        """Send ``question`` and return the answer from its first bytes on; raise a CallFailed when none come.

        ``on_sent`` is called when the body is on its way: from then on the upstream may be at work.
        """
        self._require_allowed(route)
        try:
            async with asyncio.timeout(route.first_byte_seconds):
                response = await self._session.post(
                    f"{route.base_url.rstrip('/')}{question.path}",
                    data=_Body(question.body, on_sent),
                    headers=_headers(route, question, request_id),
                    timeout=self._patience(route, question),
                    allow_redirects=False,
                )
                return await _begun(response, route)
        except TimeoutError:
            raise UpstreamTooSlow from None
        except aiohttp.ClientError as failure:
            raise UpstreamUnavailable(type(failure).__name__) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _require_allowed(self, route: Route) -> None:
        """Refuse an address that is written as a number: no name is looked up, so nobody else would."""
        if not self._allows_private and networks.is_private(urlsplit(route.base_url).hostname or ""):
            raise UpstreamUnavailable("private network")

    def _patience(self, route: Route, question: Question) -> aiohttp.ClientTimeout:
        # Who calls says how long a call may take. A whole answer is silent until it is complete.
        silence = (route.silence_seconds or self._silence_seconds) if question.is_stream else None
        return aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence)


def _headers(route: Route, question: Question, request_id: uuid.UUID) -> Mapping[str, str]:
    ours = {"x-request-id": str(request_id)}
    match route.protocol:
        case Protocol.OPENAI:
            return {**ours, "authorization": f"Bearer {route.key}"}
        case Protocol.ANTHROPIC:
            return {
                "anthropic-version": _ANTHROPIC_VERSION,
                **question.headers,
                **ours,
                "x-api-key": route.key,
            }


class _Body(aiohttp.BytesPayload):
    """A body that tells when it is on its way. Tracing would too, and would make every call dearer."""

    def __init__(self, body: bytes, on_sent: Callable[[], None]) -> None:
        super().__init__(body, content_type=_JSON)
        self._on_sent = on_sent

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body, and tell it."""
        await super().write_with_length(writer, content_length)
        self._on_sent()


async def _begun(response: aiohttp.ClientResponse, route: Route) -> Answer:
    """Return the answer from its first bytes on, or raise what its status stands for."""
    with ExitStack() as in_case_of_failure:
        in_case_of_failure.callback(response.close)
        if response.status != 200:
            raise await _failure(response, route)
        first_part = await response.content.readany()
        if not first_part:
            raise UpstreamUnavailable("empty answer")
        in_case_of_failure.pop_all()
    return Answer(response, first_part)


async def _failure(response: aiohttp.ClientResponse, route: Route) -> CallFailed:
    if response.status in objections.BUSY:
        return UpstreamBusy(objections.wait_seconds(response.headers.get("retry-after", "")))
    if response.status not in objections.CALLERS_FAULT:
        return UpstreamUnavailable(f"status {response.status}")
    begun = Answer(response, await response.content.readany())
    body = await begun.whole(limit_bytes=_LONGEST_ERROR_BYTES)
    return objections.objection(response.status, body, secret=route.key)
