"""Deliveries: what a stand-in has to tell is posted, and posted again by a schedule until it is received."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import aiohttp

from sandbox.clock import now_ms
from sandbox.records import Record, Records
from sandbox.switch import Passing, Switch
from sandbox.traffic import Traffic

MessageState = Literal["held", "sending", "delivered", "given_up", "dropped"]

_RECEIVED = 200
_MOST_CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """Something to tell: its `body` is what is signed and sent, each time the same.

    `attempts` has all tries; those from `round_start` on belong to the current round, which a resend begins.
    """

    kind: str
    body: str
    state: MessageState
    created_at: int
    round_start: int = 0
    attempts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling(Passing):
    """What the next new messages meet on their way.

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
        """Refuse what no message can meet."""
        Passing.__post_init__(self)  # a class with slots has no working super()
        if self.shuffle < 1 or self.copies < 1 or self.delay_seconds < 0:
            raise ValueError("shuffle and copies are at least 1, and delay_seconds is not negative")


class Schedule(NamedTuple):
    """The pause before each attempt, counted from the one before, and how long an answer is waited for."""

    pauses_seconds: Sequence[float]
    patience_seconds: float
    clock_scale: float


class Way(NamedTuple):
    """Where a message goes, and what goes with it; there is no url when nobody wants it."""

    url: str
    headers: Mapping[str, str]


Told = TypeVar("Told", bound=Message)


class Deliveries(Generic[Told]):
    """Sends the messages of one kind of record. Its heirs say which way each goes."""

    def __init__(
        self, kind: type[Told], records: Records, traffic: Traffic, *, schedule: Schedule, note_as: str
    ) -> None:
        self.handling = Switch(Handling())
        self._kind = kind
        self._records = records
        self._traffic = traffic
        self._schedule = schedule
        self._note_as = note_as
        self._held: list[Told] = []
        self._sending: set[str] = set()
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def way(self, message: Told) -> Way:
        """Return the way that ``message`` goes now."""
        raise NotImplementedError

    async def start(self) -> None:
        """Go on with what was on its way when the sandbox was stopped."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._schedule.patience_seconds),
        )
        for message in self._records.all(self._kind):
            if message.state in {"sending", "held"}:
                self._move(message, state="sending")
                self._in_background(self._persist(message, copies=1))

    async def stop(self) -> None:
        """Drop everything; `start` goes on with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def send(self, message: Told) -> None:
        """Let a new message go its way."""
        handling = self.handling.take()
        if handling.drop or not self.way(message).url:
            self._move(message, state="dropped")
        elif handling.shuffle > 1:
            self._held.append(self._move(message, state="held"))
            if len(self._held) >= handling.shuffle:
                shuffled = Random(handling.seed).sample(self._held, k=len(self._held))  # noqa: S311 - no secret
                self._held.clear()
                self._begin(shuffled, handling)
        else:
            self._begin([message], handling)

    def resend(self, message: Told) -> None:
        """Send a message again at once, with its own id and body, in a new round of attempts."""
        self._held = [each for each in self._held if each.id != message.id]
        begun = self._move(message, state="sending", round_start=len(message.attempts))
        self._in_background(self._persist(begun, copies=1))

    async def wait_until_quiet(self, *, seconds: float) -> None:
        """Return as soon as no message is on its way, and after ``seconds`` at the latest."""
        try:
            async with asyncio.timeout(seconds):
                await self._is_quiet.wait()
        except TimeoutError:
            pass

    def _begin(self, messages: Sequence[Told], handling: Handling) -> None:
        begun = [self._move(message, state="sending") for message in messages]
        self._in_background(self._send(begun, handling))

    async def _send(self, messages: Sequence[Told], handling: Handling) -> None:
        await asyncio.sleep(handling.delay_seconds / self._schedule.clock_scale)
        for message in messages:
            await self._attempt(message, copies=handling.copies)
            self._in_background(self._persist(message, copies=handling.copies))

    async def _persist(self, message: Told, *, copies: int) -> None:
        while self._is_under_way(message):
            await asyncio.sleep(self._seconds_until_due(message))
            if self._is_under_way(message):
                await self._attempt(message, copies=copies)

    def _is_under_way(self, message: Told) -> bool:
        now = self._records.get(self._kind, message.id)
        return now.state == "sending" and now.round_start == message.round_start

    def _seconds_until_due(self, message: Told) -> float:
        attempts = self._records.get(self._kind, message.id).attempts
        pauses = self._schedule.pauses_seconds
        pause = pauses[len(attempts) - message.round_start] / self._schedule.clock_scale
        return pause - (now_ms() - attempts[-1]["at"]) / 1000 if pause else 0

    async def _attempt(self, message: Told, *, copies: int) -> None:
        at = now_ms()
        outcomes = await asyncio.gather(*(self._post(message) for _ in range(copies)))
        now = self._records.get(self._kind, message.id)
        attempts = [*now.attempts, {"at": at, "outcomes": outcomes}]
        if set(outcomes) == {_RECEIVED}:
            self._move(now, state="delivered", attempts=attempts)
        elif len(attempts) - now.round_start < len(self._schedule.pauses_seconds):
            self._move(now, attempts=attempts)
        else:
            self._move(now, state="given_up", attempts=attempts)

    async def _post(self, message: Told) -> int | str:
        """Return the status of the answer, or the name of what came in its place."""
        way = self.way(message)
        headers = {"Content-Type": "application/json", **way.headers}
        try:
            async with self._session.post(
                way.url, data=message.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                outcome: int | str = answer.status
        except (aiohttp.ClientError, TimeoutError) as failure:
            outcome = type(failure).__name__
        self._traffic.note(
            self._note_as,
            at=now_ms(),
            event_id=message.id,
            kind=message.kind,
            url=way.url,
            outcome=outcome,
        )
        return outcome

    def _move(self, message: Told, **changes: Any) -> Told:
        moved = replace(message, **changes)
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
