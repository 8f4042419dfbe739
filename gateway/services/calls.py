"""A call of a model from its key to its settlement: the story of every paid call, on every surface."""

import logging
import time
from contextlib import ExitStack
from typing import Protocol

from django.conf import settings

from gateway.errors import CallFailed, CallRefused, UpstreamObjected, UpstreamUnavailable
from gateway.providers.routes import Route
from gateway.providers.upstreams import Answer
from gateway.services import exchanges, reservations
from gateway.services.call_records import CallRecord
from gateway.services.catalogue import ServedModel
from gateway.services.credentials import Credentials
from gateway.services.engine import Engine
from gateway.services.exchanges import Exchange
from gateway.services.meters import Meter
from gateway.services.model_requests import ModelRequest
from gateway.services.streams import AnswerStream
from ledger.services.holds import RateStanding

log = logging.getLogger(__name__)

LONGEST_ANSWER_BYTES = 64 * 1024 * 1024
_STREAM, _JSON = "text/event-stream", "application/json"


class Caller(Protocol):
    """Whoever called: somebody to answer, who may leave."""

    record: CallRecord

    async def left(self) -> None:
        """Return when the caller has gone."""

    def note_rate(self, rate: RateStanding | None) -> None:
        """Let the answer say how many requests the key has left."""

    async def answer(self, body: bytes, *, content_type: str) -> None:
        """Send the whole answer."""

    def stream(self, *, content_type: str) -> None:
        """Let the answer come in parts."""

    async def send_part(self, part: bytes) -> None:
        """Send the next part."""

    async def end(self, last_part: bytes) -> None:
        """Send the last part."""


async def serve(request: ModelRequest, credentials: Credentials, *, caller: Caller, engine: Engine) -> None:
    """Answer one call: its cost is set aside before, and charged before the caller has the end.

    Raises what the caller has to be told; by then nothing is set aside any more.
    """
    model = engine.catalogue.find(request.model)
    caller.record.model = model.offer.name
    deadline = time.monotonic() + reservations.lifetime_seconds()
    reserved = await reservations.reserve(request, model, credentials, caller.record, engine)
    caller.note_rate(reserved.rate)
    meter = Meter(reserved, request, engine.settlements, caller.record, deadline=deadline)
    async with meter, engine.open_calls.enter(caller.left, seconds=settings.GATEWAY_CALL_TIMEOUT_SECONDS):
        with ExitStack() as until_it_ends:
            answer, exchange = await _ask(request, model, meter, caller.record, engine, until_it_ends)
            if request.is_stream and not answer.is_json:
                await _pass_on(answer, exchange, meter, caller)
            else:
                await _hand_over(answer, exchange, meter, caller)


async def _ask(
    request: ModelRequest,
    model: ServedModel,
    meter: Meter,
    record: CallRecord,
    engine: Engine,
    until_it_ends: ExitStack,
) -> tuple[Answer, Exchange]:
    """Return the first answer that a channel begins; the next channel is asked only while there is none."""
    why: CallRefused = UpstreamUnavailable("no channel")
    for route in engine.channels.to_ask(model.routes):
        record.channel = route.channel
        try:
            return await _attempt(request, route, meter, record, engine, until_it_ends)
        except UpstreamObjected:
            raise
        except CallFailed as failed:
            log.warning("request=%s channel=%s: %r", record.request_id, route.channel, failed)
            meter.note_unanswered()
            why = failed
        except (
            CallRefused
        ) as untranslatable:  # its words are the caller's; the next may speak the same protocol
            why = untranslatable
    raise why


async def _attempt(
    request: ModelRequest,
    route: Route,
    meter: Meter,
    record: CallRecord,
    engine: Engine,
    until_it_ends: ExitStack,
) -> tuple[Answer, Exchange]:
    exchange = exchanges.between(request, route, output_limit_tokens=meter.output_limit_tokens)
    meter.watch(exchange.tally)
    with ExitStack() as attempt:
        attempt.enter_context(engine.channels.calling(route))
        answer = await engine.upstreams.ask(
            route, exchange.question, request_id=record.request_id, on_sent=meter.note_sent
        )
        attempt.callback(answer.close)
        until_it_ends.push(attempt.pop_all())
    return answer, exchange


async def _pass_on(answer: Answer, exchange: Exchange, meter: Meter, caller: Caller) -> None:
    """Pass a stream on as it comes; its end waits until the call is settled."""
    stream = AnswerStream(answer, exchange)
    caller.stream(content_type=answer.content_type if exchange.is_as_it_came else _STREAM)
    async for part in stream.visible():
        await caller.send_part(part)
    await meter.complete()
    await caller.end(stream.end)


async def _hand_over(answer: Answer, exchange: Exchange, meter: Meter, caller: Caller) -> None:
    """Settle a whole answer, then hand it over."""
    body = exchange.whole(await answer.whole(limit_bytes=LONGEST_ANSWER_BYTES))
    await meter.complete()
    await caller.answer(body, content_type=answer.content_type if exchange.is_as_it_came else _JSON)
