"""Counting what a request would make a model read, without asking for an answer."""

import asyncio
import logging
from contextlib import closing

import orjson

from gateway.errors import AnswerBroken, CallFailed, UpstreamObjected
from gateway.models import Protocol
from gateway.providers.routes import Question, Route
from gateway.services import bounds, standings
from gateway.services.call_records import CallRecord
from gateway.services.credentials import Credentials
from gateway.services.engine import Engine
from gateway.services.model_requests import ModelRequest

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 10.0
_LONGEST_ANSWER_BYTES = 64 * 1024


async def of_input(
    request: ModelRequest, credentials: Credentials, record: CallRecord, engine: Engine
) -> int:
    """Return the input tokens of ``request``, counted by an upstream that can, or else by our tokenizer."""
    await standings.require(credentials, engine)
    model = engine.catalogue.find(request.model)
    record.model = model.offer.name
    for route in engine.channels.to_ask(model.routes):
        if route.protocol is Protocol.ANTHROPIC:
            try:
                return await _ask(request, route, record, engine)
            except UpstreamObjected:
                raise
            except (CallFailed, TimeoutError) as failed:
                log.warning("request=%s channel=%s: %r", record.request_id, route.channel, failed)
    return await asyncio.to_thread(bounds.estimated_input, request)


async def _ask(request: ModelRequest, route: Route, record: CallRecord, engine: Engine) -> int:
    question = Question(
        path="/messages/count_tokens",
        body=request.for_upstream(model=route.model, output_limit_tokens=0),
        headers=request.headers,
    )
    async with asyncio.timeout(_PATIENCE_SECONDS):
        answer = await engine.upstreams.ask(
            route, question, request_id=record.request_id, on_sent=lambda: None
        )
        with closing(answer):
            return _tokens(await answer.whole(limit_bytes=_LONGEST_ANSWER_BYTES))


def _tokens(body: bytes) -> int:
    try:
        counted = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AnswerBroken from None
    tokens = counted.get("input_tokens") if isinstance(counted, dict) else None
    if type(tokens) is not int:
        raise AnswerBroken
    return tokens
