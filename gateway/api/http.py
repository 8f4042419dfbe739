"""One HTTP call over ASGI: what came, and the one answer that goes out."""

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from django.conf import settings

from gateway.api import addresses, error_shapes, error_table
from gateway.api.error_table import ErrorAnswer
from gateway.errors import BodyEncoded, BodyTooLarge, CallerGone
from gateway.models import Protocol
from gateway.services import credentials
from gateway.services.call_records import CallRecord
from gateway.services.credentials import Credentials
from ledger.services.holds import RateStanding

Message = Mapping[str, Any]
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = "application/json"
# Proxies that collect an answer before they pass it on would turn a stream into a long wait.
_STREAM_HEADERS = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))
# Refusals that may pass by themselves; of all others no client should try again.
_PASSING_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504})
# Nobody waits longer in a program that was written to wait for seconds.
_LONGEST_WAIT_SECONDS = 60


class Call:
    """A call and its one answer, which is sent whole, or in parts up to its end."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.address = addresses.read(self.path, self.headers)
        self.record = CallRecord(uuid.uuid4())
        self._client: tuple[str, int] | None = scope.get("client")
        self._rate: RateStanding | None = None
        self._receive = receive
        self._send = send
        self._start: Message | None = None
        self._has_begun = False
        self._has_ended = False

    def credentials(self) -> Credentials:
        """Return who calls."""
        found = credentials.read(self.headers, client_address=self._client_address())
        self.record.key_id = found.key_id
        return found

    def note_rate(self, rate: RateStanding | None) -> None:
        """Let the answer say how many requests the key has left."""
        self._rate = rate

    async def read_body(self, *, limit_bytes: int) -> bytes:
        """Return the whole body; raise BodyTooLarge as soon as it is known to be."""
        if self.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise BodyEncoded
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        parts, length, is_whole = [], 0, False
        while not is_whole:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > limit_bytes:
                raise BodyTooLarge(limit_bytes)
            is_whole = not message.get("more_body", False)
        return b"".join(parts)

    async def left(self) -> None:
        """Return when the caller has closed the connection. Only for a call whose body was read."""
        await self._receive()  # after the body, a disconnect is all that can come

    async def answer(self, body: bytes, *, content_type: str = JSON) -> None:
        """Send ``body`` as the whole answer."""
        await self._answer(200, body, content_type=content_type)

    def stream(self, *, content_type: str) -> None:
        """Let the answer come in parts; until the first is sent, it can still be refused."""
        self._begin_with(200, content_type, _STREAM_HEADERS)

    async def send_part(self, part: bytes) -> None:
        """Send the next part."""
        await self._send_body(part, more_body=True)

    async def end(self, last_part: bytes) -> None:
        """Send the last part: the answer is complete."""
        self._has_ended = True
        await self._send_body(last_part, more_body=False)

    async def refuse(self, refusal: BaseException) -> None:
        """Tell why there is no answer, or, within a stream, why it goes no further."""
        error = error_table.answer_to(refusal)
        self.record.code = error.log_code
        protocol = self.address.protocol
        if self._has_begun:
            await self.end(error_shapes.frame(error, protocol, self.record.request_id))
            return
        self._rate = error.rate or self._rate
        body = error_shapes.body(error, protocol, self.record.request_id)
        await self._answer(error.status, body, content_type=JSON, headers=_headers_of(error))

    def abandon(self) -> None:
        """Leave it at what was sent: nobody is there to hear more."""
        self.record.code = "caller_gone"
        self._has_ended = True

    async def close(self) -> None:
        """Answer a call that nobody has answered: something unforeseen has happened to it."""
        if not self._has_ended:
            await self.refuse(RuntimeError())

    async def _answer(
        self, status: int, body: bytes, *, content_type: str, headers: Sequence[Header] = ()
    ) -> None:
        self._begin_with(status, content_type, [(b"content-length", b"%d" % len(body)), *headers])
        await self.end(body)

    def _begin_with(self, status: int, content_type: str, headers: Sequence[Header]) -> None:
        every = [
            (b"content-type", content_type.encode("latin-1", "ignore")),
            *_names_of(self.record.request_id, self.address.protocol),
            *_rate_headers(self._rate),
        ]
        self._start = {"type": "http.response.start", "status": status, "headers": [*every, *headers]}

    async def _send_body(self, body: bytes, *, more_body: bool) -> None:
        if not self._has_begun and self._start is not None:
            self._has_begun = True
            self.record.status = self._start["status"]
            self.record.answered_at = time.monotonic()
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body, "more_body": more_body})

    def _client_address(self) -> str:
        """Return whom the call comes from; only the proxies that stand in front of us are believed."""
        proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
        said = self.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        if proxies and len(said) >= proxies:
            return said[-proxies].strip()
        return self._client[0] if self._client else ""


def _names_of(request_id: uuid.UUID, protocol: Protocol) -> Sequence[Header]:
    name = str(request_id).encode()
    ours = (b"x-request-id", name)
    return [ours, (b"request-id", name)] if protocol is Protocol.ANTHROPIC else [ours]


def _headers_of(error: ErrorAnswer) -> Sequence[Header]:
    headers, wait = [], error.retry_after_seconds
    if error.status not in _PASSING_STATUSES or (wait or 0) > _LONGEST_WAIT_SECONDS:
        headers.append((b"x-should-retry", b"false"))
    if wait is not None:
        headers.append((b"retry-after", b"%d" % wait))
    return headers


def _rate_headers(rate: RateStanding | None) -> Sequence[Header]:
    """Say where the key stands with its requests a minute, in OpenAI's notation, which is Go's."""
    if rate is None:
        return []
    return [
        (b"x-ratelimit-limit-requests", b"%d" % rate.limit_requests),
        (b"x-ratelimit-remaining-requests", b"%d" % rate.remaining_requests),
        (b"x-ratelimit-reset-requests", b"%ds" % rate.reset_seconds),
    ]
