"""The model server's web application, mounted at ``/v1``: who may call, what is answered where."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from sandbox.answers import as_json
from sandbox.behaviour import BehaviourSwitch
from sandbox.key_console import KeyConsole
from sandbox.models import calls, refusals
from sandbox.models.anthropic_shape import AnthropicShape
from sandbox.models.asked import Asked
from sandbox.models.calls import Call
from sandbox.models.chat_request import read_chat_request
from sandbox.models.chat_wire import ChatWire
from sandbox.models.completion import complete
from sandbox.models.embeddings import EmbeddingsRequest, EmbeddingsWire, read_embeddings_request
from sandbox.models.messages_request import read_count_request, read_messages_request
from sandbox.models.messages_wire import MessagesWire
from sandbox.models.openai_shape import OpenAIShape
from sandbox.models.prefix_cache import PrefixCache
from sandbox.models.refusals import Refusal
from sandbox.models.wire import Wire
from sandbox.served_log import ServedLog, Surface

UPSTREAM_KEY = "sandbox-upstream-key"

_MODELS: web.AppKey[Sequence[str]] = web.AppKey("models")
_SERVED_LOG = web.AppKey("served_log", ServedLog)
_SWITCH = web.AppKey("switch", BehaviourSwitch)
_PREFIX_CACHE = web.AppKey("prefix_cache", PrefixCache)
_CONSOLE = web.AppKey("key_console", KeyConsole)

_MODELS_CREATED = 1_700_000_000
_ANTHROPIC_PATH = "/v1/messages"


def build(
    *, models: Sequence[str], served_log: ServedLog, switch: BehaviourSwitch, console: KeyConsole
) -> web.Application:
    """Return the application to mount at ``/v1``, serving ``models`` and writing every call to the log.

    It takes its own key and those that ``console`` made.
    """
    app = web.Application(middlewares=[_as_the_surface_would])
    app[_MODELS] = models
    app[_SERVED_LOG] = served_log
    app[_SWITCH] = switch
    app[_PREFIX_CACHE] = PrefixCache()
    app[_CONSOLE] = console
    app[calls.STOPPING] = asyncio.Event()
    app.on_shutdown.append(_note_stopping)
    app.router.add_get("/models", _list_models)
    app.router.add_post("/chat/completions", _chat)
    app.router.add_post("/messages", _messages)
    app.router.add_post("/messages/count_tokens", _count_tokens)
    app.router.add_post("/embeddings", _embeddings)
    return app


@web.middleware
async def _as_the_surface_would(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    shape = AnthropicShape() if _is_anthropic(request) else OpenAIShape()
    try:
        _require_key(request)
        return await handler(request)
    except Refusal as refusal:
        return shape.response(refusal)
    except web.HTTPRequestEntityTooLarge:
        return shape.response(refusals.too_large())
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return shape.response(refusals.unknown_url(request.method, request.path))


def _is_anthropic(request: web.Request) -> bool:
    return request.path.startswith(_ANTHROPIC_PATH)


def _require_key(request: web.Request) -> None:
    """Refuse a call without one of our keys; Anthropic's surface takes it in a header of its own, too."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        key = request.headers.get("x-api-key", "") if _is_anthropic(request) else ""
    if key.strip() != UPSTREAM_KEY and not request.app[_CONSOLE].knows(key.strip()):
        raise refusals.invalid_key()


async def _list_models(request: web.Request) -> web.Response:
    models = [
        {"id": model, "object": "model", "created": _MODELS_CREATED, "owned_by": "sandbox"}
        for model in request.app[_MODELS]
    ]
    return as_json({"object": "list", "data": models})


async def _chat(request: web.Request) -> web.StreamResponse:
    asked = read_chat_request(await request.read())
    completion = complete(asked)
    call_id = _accept(request, asked, surface="chat")
    prompt = request.app[_PREFIX_CACHE].read(asked)
    return await _serve(request, call_id, asked.model, ChatWire(call_id, asked, prompt, completion))


async def _messages(request: web.Request) -> web.StreamResponse:
    _require_version(request)
    asked = read_messages_request(await request.read())
    completion = complete(asked)
    call_id = _accept(request, asked, surface="messages")
    prompt = request.app[_PREFIX_CACHE].read(asked)
    return await _serve(request, call_id, asked.model, MessagesWire(call_id, asked, prompt, completion))


async def _count_tokens(request: web.Request) -> web.Response:
    """Answer without a trace: nothing is served, so no behaviour is met and nothing is logged."""
    _require_version(request)
    asked = read_count_request(await request.read())
    _require_served(request, asked.model)
    return as_json({"input_tokens": sum(section.tokens for section in asked.prompt)})


async def _embeddings(request: web.Request) -> web.StreamResponse:
    asked = read_embeddings_request(await request.read())
    call_id = _accept(request, asked, surface="embeddings")
    return await _serve(request, call_id, asked.model, EmbeddingsWire(call_id, asked))


def _require_version(request: web.Request) -> None:
    if "anthropic-version" not in request.headers:
        raise Refusal("header is required", param="anthropic-version")


def _require_served(request: web.Request, model: str) -> None:
    if model not in request.app[_MODELS]:
        raise refusals.unknown_model(model)


def _accept(request: web.Request, asked: Asked | EmbeddingsRequest, *, surface: Surface) -> str:
    _require_served(request, asked.model)
    return request.app[_SERVED_LOG].begin(
        surface=surface,
        model=asked.model,
        stream=isinstance(asked, Asked) and asked.stream,
        request_id=request.headers.get("x-request-id"),
    )


async def _serve(request: web.Request, call_id: str, model: str, wire: Wire) -> web.StreamResponse:
    call = Call(request=request, id=call_id, wire=wire, behaviour=request.app[_SWITCH].take(model))
    try:
        return await calls.answer(call)
    finally:
        request.app[_SERVED_LOG].end(
            call.id,
            call.outcome,
            status=call.status,
            usage=call.usage(),
            reported_usage=call.reported_usage,
        )


async def _note_stopping(app: web.Application) -> None:
    app[calls.STOPPING].set()
