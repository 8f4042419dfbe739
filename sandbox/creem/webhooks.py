"""Webhooks: every event is signed, posted, and posted again by Creem's schedule until it is received."""

import asyncio
import hmac
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import aiohttp
import orjson

from sandbox.creem import wire
from sandbox.creem.entities import Event, new_id, now_ms
from sandbox.creem.settings import CreemSettings
from sandbox.creem.traffic import Traffic
from sandbox.records import Records
from sandbox.switch import Passing, Switch

# Before each attempt, counted from the one before.
PAUSES_SECONDS = (0, 30, 5 * 60, 30 * 60, 6 * 60 * 60)
SIGNATURE_HEADER = "creem-signature"

_RECEIVED = 200
_PATIENCE_SECONDS = 10
_MOST_CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling(Passing):
    """What the next new events meet on their way.

    With `drop` they are never sent unless resent. With `shuffle` they are held back until so many are
    waiting, and then sent one after the other in an order drawn by `seed`. The first attempt waits
    `delay_seconds` by the scaled clock. Every attempt is made `copies` times at once.
    """

    drop: bool = False
    shuffle: int = 1
    seed: int = 0
    delay_seconds: float = 0
    copies: int = 1

    def __post_init__(self) -> None:
        """Refuse what no event can meet."""
        Passing.__post_init__(self)  # a class with slots has no working super()
        if self.shuffle < 1 or self.copies < 1 or self.delay_seconds < 0:
            raise ValueError("shuffle and copies are at least 1, and delay_seconds is not negative")


class Webhooks:
    """Sends the events of one store to its one address."""

    def __init__(self, settings: CreemSettings, records: Records, traffic: Traffic) -> None:
        self.url = settings.webhook_url
        self.handling = Switch(Handling())
        self._secret = settings.webhook_secret.encode()
        self._clock_scale = settings.clock_scale
        self._records = records
        self._traffic = traffic
        self._held: list[Event] = []
        self._sending: set[str] = set()
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Go on with what was on its way when the sandbox was stopped."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_PATIENCE_SECONDS),
        )
        for event in self._records.all(Event):
            if event.state in {"sending", "held"}:
                self._move(event, state="sending")
                self._in_background(self._persist(event, copies=1))

    async def stop(self) -> None:
        """Drop everything; `start` goes on with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def write(self, kind: str, about: wire.Entity) -> Event:
        """Return a new event, to be kept together with what it tells of, and then sent."""
        event_id, created_at = new_id("evt"), now_ms()
        body = orjson.dumps(wire.event(kind, about, event_id=event_id, created_at=created_at))
        return Event(id=event_id, kind=kind, body=body.decode(), state="sending", created_at=created_at)

    def send(self, event: Event) -> None:
        """Let a new event go its way."""
        handling = self.handling.take()
        if handling.drop or not self.url:
            self._move(event, state="dropped")
        elif handling.shuffle > 1:
            self._held.append(self._move(event, state="held"))
            if len(self._held) >= handling.shuffle:
                shuffled = Random(handling.seed).sample(self._held, k=len(self._held))  # noqa: S311 - no secret
                self._held.clear()
                self._begin(shuffled, handling)
        else:
            self._begin([event], handling)

    def resend(self, event: Event) -> None:
        """Send an event again at once, with its own id and body, in a new round of attempts."""
        self._held = [each for each in self._held if each.id != event.id]
        begun = self._move(event, state="sending", round_start=len(event.attempts))
        self._in_background(self._persist(begun, copies=1))

    async def wait_until_quiet(self, *, seconds: float) -> None:
        """Return as soon as no event is on its way, and after ``seconds`` at the latest."""
        try:
            async with asyncio.timeout(seconds):
                await self._is_quiet.wait()
        except TimeoutError:
            pass

    def _begin(self, events: Sequence[Event], handling: Handling) -> None:
        begun = [self._move(event, state="sending") for event in events]
        self._in_background(self._send(begun, handling))

    async def _send(self, events: Sequence[Event], handling: Handling) -> None:
        await asyncio.sleep(handling.delay_seconds / self._clock_scale)
        for event in events:
            await self._attempt(event, copies=handling.copies)
            self._in_background(self._persist(event, copies=handling.copies))

    async def _persist(self, event: Event, *, copies: int) -> None:
        while self._is_under_way(event):
            await asyncio.sleep(self._seconds_until_due(event))
            if self._is_under_way(event):
                await self._attempt(event, copies=copies)

    def _is_under_way(self, event: Event) -> bool:
        now = self._records.get(Event, event.id)
        return now.state == "sending" and now.round_start == event.round_start

    def _seconds_until_due(self, event: Event) -> float:
        attempts = self._records.get(Event, event.id).attempts
        pause = PAUSES_SECONDS[len(attempts) - event.round_start] / self._clock_scale
        return pause - (now_ms() - attempts[-1]["at"]) / 1000 if pause else 0

    async def _attempt(self, event: Event, *, copies: int) -> None:
        at = now_ms()
        outcomes = await asyncio.gather(*(self._post(event) for _ in range(copies)))
        now = self._records.get(Event, event.id)
        attempts = [*now.attempts, {"at": at, "outcomes": outcomes}]
        if set(outcomes) == {_RECEIVED}:
            self._move(now, state="delivered", attempts=attempts)
        elif len(attempts) - now.round_start < len(PAUSES_SECONDS):
            self._move(now, attempts=attempts)
        else:
            self._move(now, state="given_up", attempts=attempts)

    async def _post(self, event: Event) -> int | str:
        """Return the status of the answer, or the name of what came in its place."""
        body = event.body.encode()
        signature = hmac.new(self._secret, body, "sha256").hexdigest()
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
        try:
            async with self._session.post(
                self.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                outcome: int | str = answer.status
        except (aiohttp.ClientError, TimeoutError) as failure:
            outcome = type(failure).__name__
        self._traffic.note(
            "webhook", at=now_ms(), event_id=event.id, kind=event.kind, url=self.url, outcome=outcome
        )
        return outcome

    def _move(self, event: Event, **changes: Any) -> Event:
        moved = replace(event, **changes)
        self._records.keep(moved)
        if moved.state == "sending":
            self._sending.add(moved.id)
            self._is_quiet.clear()
        else:
            self._sending.discard(moved.id)
            if not self._sending:
                self._is_quiet.set()
        return moved

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
