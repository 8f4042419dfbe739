"""The life of one chat call that the model server has accepted: how it is answered, and how it ends."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox import chat_wire, connections, openai_errors
from sandbox.behaviour import Behaviour, Ending, ToldToBreakOff, ToldToFail, misbehave
from sandbox.chat_request import ChatRequest
from sandbox.completion import Completion
from sandbox.served_log import Outcome

STOPPING = web.AppKey("stopping", asyncio.Event)


@dataclass(slots=True, kw_only=True)
class ChatCall:
    """A call under way, and what there is to say of it when it has ended, however it ended."""

    request: web.Request
    id: str
    chat: ChatRequest
    completion: Completion
    behaviour: Behaviour
    response: web.StreamResponse = field(init=False)
    chunks_sent: int = 0
    status: int | None = None
    outcome: Outcome = "failed"
    reported_usage: Any = None

    def __post_init__(self) -> None:
        """Prepare the answer that the request's `stream` asks for."""
        if self.chat.stream:
            headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        else:
            headers = {"Content-Type": "application/json"}
            self.behaviour = self.behaviour.for_plain_answer()
        self.response = web.StreamResponse(headers=headers | {"x-request-id": self.id})

    def usage(self) -> dict[str, Any] | None:
        """Count the tokens of the prompt and of what has been sent; None when nothing has."""
        if not self.chunks_sent:
            return None
        if not self.chat.stream:
            return self.completion.usage()
        return self.completion.usage(pieces_sent=max(self.chunks_sent - self.completion.choices, 0))


async def answer(call: ChatCall) -> web.StreamResponse:
    """Answer as the call's behaviour allows, and leave in the call how it ended."""
    try:
        await misbehave(call.behaviour, chunks_sent=0)
        await (_stream(call) if call.chat.stream else _answer_at_once(call))
    except ToldToFail as told:
        call.status = told.status
        return openai_errors.told_to_fail(told.status).response()
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


async def _stream(call: ChatCall) -> None:
    head = chat_wire.chunk_head(call_id=call.id, model=call.chat.model, include_usage=call.chat.include_usage)
    await _send(call, chat_wire.chunks(call.completion, head), pace_seconds=call.completion.pace_seconds)
    usage = call.behaviour.reported_usage(call.completion.usage()) if call.chat.include_usage else None
    await _finish(call, chat_wire.stream_end(head, usage=usage), reported_usage=usage)


async def _answer_at_once(call: ChatCall) -> None:
    usage = call.behaviour.reported_usage(call.completion.usage())
    body = chat_wire.plain_answer(call.completion, call_id=call.id, model=call.chat.model, usage=usage)
    call.response.content_length = len(body)
    await asyncio.sleep(call.completion.pace_seconds * call.completion.pieces)
    middle = len(body) // 2
    await _send(call, [body[:middle]], pace_seconds=0)
    await _finish(call, body[middle:], reported_usage=usage)


async def _send(call: ChatCall, chunks: Iterable[bytes], *, pace_seconds: float) -> None:
    await call.response.prepare(call.request)
    for chunk in chunks:
        await call.response.write(chunk)
        call.status = call.response.status
        call.chunks_sent += 1
        await misbehave(call.behaviour, chunks_sent=call.chunks_sent)
        await asyncio.sleep(pace_seconds)


async def _finish(call: ChatCall, last_bytes: bytes, *, reported_usage: Any) -> None:
    await call.response.write_eof(last_bytes)
    call.reported_usage = reported_usage


async def _break_off(call: ChatCall, ending: Ending) -> None:
    match ending:
        case "cut":
            connections.cut(call.request.transport)
        case "reset":
            connections.reset(call.request.transport)
        case "error_frame":
            await call.response.write_eof(chat_wire.error_frame(openai_errors.told_to_fail(500)))
        case "silence":
            await call.response.write_eof()


def _lose_client(call: ChatCall) -> None:
    # A sandbox that stops cancels its calls too: those have failed, their clients are still there.
    if not call.request.app[STOPPING].is_set():
        call.outcome = "stalled" if call.behaviour.mode == "stall" else "client_gone"
