"""A chat completion from its key to its settlement: the story of every paid call."""

import asyncio
import logging
import time
from contextlib import closing
from typing import Any, Protocol

import orjson
from django.conf import settings

from gateway.errors import (
    AnswerBroken,
    CallFailed,
    LedgerRefused,
    NotReady,
    UpstreamObjected,
    UpstreamUnavailable,
)
from gateway.providers.openai_style import Answer
from gateway.services import bounds
from gateway.services.call_records import CallRecord
from gateway.services.catalogue import ServedModel
from gateway.services.chat_requests import ChatRequest
from gateway.services.chat_streams import ChatStream
from gateway.services.credentials import Credentials
from gateway.services.engine import PATIENCE_SECONDS, Engine
from gateway.services.meters import Meter
from ledger.errors import LedgerUnavailable
from ledger.services.holds import Refused, Reserved, ReserveRequest

log = logging.getLogger(__name__)

LONGEST_ANSWER_BYTES = 64 * 1024 * 1024


class Caller(Protocol):
    """Whoever called: somebody to answer, who may leave."""

    record: CallRecord

    async def left(self) -> None:
        """Return when the caller has gone."""

    async def answer(self, body: bytes, *, content_type: str) -> None:
        """Send the whole answer."""

    def stream(self, *, content_type: str) -> None:
        """Let the answer come in parts."""

    async def send_part(self, part: bytes) -> None:
        """Send the next part."""

    async def end(self, last_part: bytes) -> None:
        """Send the last part."""


async def serve(chat: ChatRequest, credentials: Credentials, *, caller: Caller, engine: Engine) -> None:
    """Answer one chat completion: its cost is set aside before, and charged before the caller has the end.

    Raises what the caller has to be told; by then nothing is set aside any more.
    """
    model = engine.catalogue.find(chat.model)
    caller.record.model = model.offer.name
    deadline = time.monotonic() + _lifetime_seconds()
    reserved = await _reserve(chat, model, credentials, caller.record, engine)
    meter = Meter(reserved, chat, settlements=engine.settlements, record=caller.record, deadline=deadline)
    async with meter, engine.open_calls.enter(caller.left, seconds=settings.GATEWAY_CALL_TIMEOUT_SECONDS):
        with closing(await _ask(chat, model, meter, caller.record, engine)) as answer:
            if chat.is_stream and not answer.is_json:
                await _pass_on(answer, chat, meter, caller)
            else:
                await _hand_over(answer, meter, caller)


async def _reserve(
    chat: ChatRequest, model: ServedModel, credentials: Credentials, record: CallRecord, engine: Engine
) -> Reserved:
    """Set aside the most that the call can cost."""
    request = ReserveRequest(
        request_id=record.request_id,
        key_id=credentials.key_id,
        secret_hashes=credentials.secret_hashes,
        model_id=model.offer.id,
        input_bound_tokens=bounds.input_bound(chat, model.offer.limits),
        asked_output_tokens=chat.asked_output_tokens or model.offer.limits.output_tokens,
        choices=chat.choices,
        lifetime_seconds=_lifetime_seconds(),
        client_address="",
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            decision = await engine.holds.reserve(request)
    except (LedgerUnavailable, TimeoutError):
        # The hold may exist all the same: nobody heard the answer.
        engine.settlements.release(request.request_id, deadline=time.monotonic() + request.lifetime_seconds)
        raise NotReady from None
    record.reserved_at = time.monotonic()
    if isinstance(decision, Refused):
        raise LedgerRefused(decision.reason, model.offer.name, decision.retry_after_seconds)
    return decision


async def _ask(
    chat: ChatRequest, model: ServedModel, meter: Meter, record: CallRecord, engine: Engine
) -> Answer:
    """Return the first answer that a channel begins; the next channel is asked only while there is none."""
    failure: CallFailed = UpstreamUnavailable("no channel")
    for route in model.routes:
        record.channel = route.channel
        body = chat.for_upstream(
            model=route.model,
            output_limit_tokens=meter.output_limit_tokens,
            output_limit_field=route.output_limit_field,
        )
        try:
            return await engine.upstreams.ask(
                route, body, request_id=record.request_id, stream=chat.is_stream, on_sent=meter.note_sent
            )
        except UpstreamObjected:
            raise
        except CallFailed as failed:
            log.warning("request=%s channel=%s: %r", record.request_id, route.channel, failed)
            meter.note_unanswered()
            failure = failed
    raise failure


async def _pass_on(answer: Answer, chat: ChatRequest, meter: Meter, caller: Caller) -> None:
    """Pass a stream on as it comes; its end waits until the call is settled."""
    stream = ChatStream(answer, meter.tally, shows_usage=chat.wants_usage)
    caller.stream(content_type=answer.content_type)
    async for part in stream.visible():
        await caller.send_part(part)
    await meter.complete()
    await caller.end(stream.end)


async def _hand_over(answer: Answer, meter: Meter, caller: Caller) -> None:
    """Settle a whole answer, then hand it over as it came."""
    body = await answer.whole(limit_bytes=LONGEST_ANSWER_BYTES)
    meter.tally.note(_completion(body))
    await meter.complete()
    await caller.answer(body, content_type=answer.content_type)


def _completion(body: bytes) -> dict[str, Any]:
    try:
        completion = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AnswerBroken from None
    if not isinstance(completion, dict) or not completion.get("choices"):
        raise AnswerBroken
    return completion


def _lifetime_seconds() -> int:
    """Return how long a hold lives: as long as a call may take, and a while for its settlement."""
    return settings.GATEWAY_CALL_TIMEOUT_SECONDS + settings.GATEWAY_HOLD_GRACE_SECONDS
