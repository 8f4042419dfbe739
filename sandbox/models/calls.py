"""The life of a call that the model server has accepted: how it is answered, and how it ends."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from aiohttp import web

from sandbox import connections
from sandbox.behaviour import Behaviour, Ending, ToldToBreakOff, ToldToFail, misbehave
from sandbox.models import refusals
from sandbox.models.wire import Answer, Frame, Wire
from sandbox.served_log import Outcome

STOPPING = web.AppKey("stopping", asyncio.Event)

# A stream without a pace lets others have their turn, and notices that its caller has left, so often.
_FRAMES_A_TURN = 64


@dataclass(slots=True, kw_only=True)
class Call:
    """A call under way, and what there is to say of it when it has ended, however it ended."""

    request: web.Request
    id: str
    wire: Wire
    behaviour: Behaviour
    answer: Answer = field(init=False)
    response: web.StreamResponse = field(init=False)
    chunks_sent: int = 0
    tokens_sent: int = 0
    status: int | None = None
    outcome: Outcome = "failed"
    reported_usage: Any = None

    def __post_init__(self) -> None:
        """Prepare the answer as the behaviour wants it."""
        report = self.behaviour.report(first=self.wire.usage(output=1), last=self.wire.usage())
        self.answer = self.wire.answer(report)
        if self.behaviour.strikes_midway and not self.answer.streams:
            self.behaviour = self.behaviour.for_plain_answer()
            self.answer = self.answer.in_halves()
        if self.answer.is_whole:
            self.response = web.Response(headers=self.answer.headers, body=self.answer.end.data)
        else:
            self.response = web.StreamResponse(headers=self.answer.headers)

    def usage(self) -> dict[str, Any] | None:
        """Count the tokens of the prompt and of what has been sent; None when nothing has."""
        return self.wire.usage(output=self.tokens_sent) if self.chunks_sent else None


async def answer(call: Call) -> web.StreamResponse:
    """Answer as the call's behaviour allows, and leave in the call how it ended."""
    try:
        await misbehave(call.behaviour, chunks_sent=0)
        await _send(call)
    except ToldToFail as told:
        call.status = told.status
        return call.wire.shape.response(refusals.told_to_fail(told.status))
    except ToldToBreakOff as told:
        await _break_off(call, told.ending)
    except ConnectionResetError:
        _lose_client(call)
    except asyncio.CancelledError:
        _lose_client(call)
        raise
    else:
        call.outcome = "complete"
    return call.response


async def _send(call: Call) -> None:
    if call.answer.delay_seconds:
        await asyncio.sleep(call.answer.delay_seconds)
    await call.response.prepare(call.request)
    if call.behaviour.mode == "slow":
        await asyncio.sleep(call.behaviour.seconds)
    for frame in _frames(call):
        await _write(call, frame)
        if call.behaviour.strikes_midway:
            await misbehave(call.behaviour, chunks_sent=call.chunks_sent)
        if call.answer.pace_seconds or call.chunks_sent % _FRAMES_A_TURN == 0:
            await asyncio.sleep(call.answer.pace_seconds)
    await _finish(call, call.answer.end)


def _frames(call: Call) -> Iterable[Frame]:
    if call.behaviour.mode == "malformed_sse" and call.answer.streams:
        return _with_malformed(call, after_chunks=max(call.behaviour.after_chunks, 1))
    return call.answer.frames


def _with_malformed(call: Call, *, after_chunks: int) -> Iterator[Frame]:
    frames = iter(call.answer.frames)
    yield from islice(frames, after_chunks)
    yield Frame(call.wire.shape.malformed_frame)
    yield from frames


async def _write(call: Call, frame: Frame) -> None:
    for part in _parts(call, frame):
        await call.response.write(part)
    _note(call, frame)


async def _finish(call: Call, end: Frame) -> None:
    if isinstance(call.response, web.Response):
        await call.response.write_eof()  # it has the answer, and sends it together with the head
    else:
        *others, last = _parts(call, end)
        for part in others:
            await call.response.write(part)
        await call.response.write_eof(last)
    _note(call, end)


def _parts(call: Call, frame: Frame) -> list[bytes]:
    size = call.answer.write_bytes
    if not size:
        return [frame.data]
    return [frame.data[start : start + size] for start in range(0, len(frame.data), size)]


def _note(call: Call, frame: Frame) -> None:
    call.status = call.response.status
    call.chunks_sent += 1
    call.tokens_sent += frame.tokens
    if frame.usage is not None:
        call.reported_usage = frame.usage


async def _break_off(call: Call, ending: Ending) -> None:
    match ending:
        case "cut":
            connections.cut(call.request.transport)
        case "reset":
            connections.reset(call.request.transport)
        case "error_frame":
            await call.response.write_eof(call.wire.shape.frame(refusals.told_to_fail(500)))
        case "silence":
            await call.response.write_eof()


def _lose_client(call: Call) -> None:
    # A sandbox that stops cancels its calls too: those have failed, their clients are still there.
    if not call.request.app[STOPPING].is_set():
        call.outcome = "stalled" if call.behaviour.mode == "stall" else "client_gone"
