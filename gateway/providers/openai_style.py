"""Upstreams that speak OpenAI's protocol: one call sent, one answer read, every fault named."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson

from gateway.errors import (
    AnswerBroken,
    CallFailed,
    UpstreamBusy,
    UpstreamObjected,
    UpstreamTooSlow,
    UpstreamUnavailable,
)

_JSON = "application/json"
_CONNECT_SECONDS = 5
# Servers close idle connections after 5 s and more; a call on one that is just being closed would be lost.
_KEEP_ALIVE_SECONDS = 4
_BUSY_STATUSES = frozenset({429, 503, 529})
# Only these are about the call itself; every other error is between the shop and its upstream.
_CALLERS_FAULT = frozenset({400, 413, 422})
_LONGEST_ERROR_BYTES = 64 * 1024
_LONGEST_MESSAGE = 2000
_USUAL_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 2, 60


@dataclass(frozen=True, slots=True)
class Route:
    """Where a model is to be had: a channel's address and key, and the model's name over there."""

    channel: str
    base_url: str
    key: str = field(repr=False)
    model: str
    # The only field by which this upstream knows an output limit; empty when it knows what callers send.
    output_limit_field: str = ""


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

    def __init__(self, *, silence_seconds: float) -> None:
        # Who calls says how long a call may take. A whole answer is silent until it is complete.
        self._whole = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        self._stream = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence_seconds
        )
        watch = aiohttp.TraceConfig()
        watch.on_request_chunk_sent.append(_tell_that_it_is_sent)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "user-agent": "purser",
                "accept-encoding": "identity",
                "content-type": "application/json",
            },
            trace_configs=[watch],
        )

    async def ask(
        self, route: Route, body: bytes, *, request_id: uuid.UUID, stream: bool, on_sent: Callable[[], None]
    ) -> Answer:
        """Send ``body`` and return the answer from its first bytes on; raise a CallFailed when none come.

        ``on_sent`` is called when the body is on its way: from then on the upstream may be at work.
        """
        try:
            response = await self._session.post(
                f"{route.base_url.rstrip('/')}/chat/completions",
                data=body,
                headers={"authorization": f"Bearer {route.key}", "x-request-id": str(request_id)},
                timeout=self._stream if stream else self._whole,
                allow_redirects=False,
                trace_request_ctx=on_sent,
            )
            return await _begun(response, route)
        except TimeoutError:
            raise UpstreamTooSlow from None
        except aiohttp.ClientError as failure:
            raise UpstreamUnavailable(type(failure).__name__) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


async def _tell_that_it_is_sent(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestChunkSentParams
) -> None:
    context.trace_request_ctx()


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
    if response.status in _BUSY_STATUSES:
        return UpstreamBusy(_wait_seconds(response.headers.get("retry-after", "")))
    if response.status not in _CALLERS_FAULT:
        return UpstreamUnavailable(f"status {response.status}")
    begun = Answer(response, await response.content.readany())
    error = _error_of(await begun.whole(limit_bytes=_LONGEST_ERROR_BYTES))
    return UpstreamObjected(
        response.status,
        message=_text(error, "message", route) or "The model refused this call.",
        kind=_text(error, "type", route) or "invalid_request_error",
        param=_text(error, "param", route),
        code=_text(error, "code", route),
    )


def _wait_seconds(header: str) -> int:
    return min(int(header), _LONGEST_WAIT_SECONDS) if header.isdecimal() else _USUAL_WAIT_SECONDS


def _error_of(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, dict) else {}


def _text(error: Mapping[str, Any], name: str, route: Route) -> str | None:
    """Return what the upstream says under ``name``, without its key."""
    text = error.get(name)
    return text.replace(route.key, "***")[:_LONGEST_MESSAGE] if isinstance(text, str) else None
