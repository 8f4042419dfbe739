"""The model server under ``/v1``: an OpenAI-compatible upstream that echoes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import orjson
from aiohttp import web

from sandbox import chat_call, openai_errors
from sandbox.behaviour import BehaviourSwitch
from sandbox.chat_call import ChatCall
from sandbox.chat_request import ChatRequest, read_chat_request
from sandbox.completion import complete
from sandbox.key_console import KeyConsole
from sandbox.openai_errors import ApiError
from sandbox.prefix_cache import PrefixCache
from sandbox.served_log import ServedLog

UPSTREAM_KEY = "sandbox-upstream-key"

_MODELS: web.AppKey[Sequence[str]] = web.AppKey("models")
_SERVED_LOG = web.AppKey("served_log", ServedLog)
_SWITCH = web.AppKey("switch", BehaviourSwitch)
_PREFIX_CACHE = web.AppKey("prefix_cache", PrefixCache)
_CONSOLE = web.AppKey("key_console", KeyConsole)

_MODELS_CREATED = 1_700_000_000


def build(
    *, models: Sequence[str], served_log: ServedLog, switch: BehaviourSwitch, console: KeyConsole
) -> web.Application:
    """Return the application to mount at ``/v1``, serving ``models`` and writing every call to the log.

    It takes its own key and those that ``console`` made.
    """
    app = web.Application(middlewares=[_as_openai_would])
    app[_MODELS] = models
    app[_SERVED_LOG] = served_log
    app[_SWITCH] = switch
    app[_PREFIX_CACHE] = PrefixCache()
    app[_CONSOLE] = console
    app[chat_call.STOPPING] = asyncio.Event()
    app.on_shutdown.append(_note_stopping)
    app.router.add_get("/models", _list_models)
    app.router.add_post("/chat/completions", _chat_completions)
    return app


@web.middleware
async def _as_openai_would(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        _require_key(request)
        return await handler(request)
    except ApiError as refusal:
        return refusal.response()
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return openai_errors.unknown_url(request.method, request.path).response()


def _require_key(request: web.Request) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    is_ours = key.strip() == UPSTREAM_KEY or request.app[_CONSOLE].knows(key.strip())
    if scheme.lower() != "bearer" or not is_ours:
        raise openai_errors.invalid_key()


async def _list_models(request: web.Request) -> web.Response:
    models = [
        {"id": model, "object": "model", "created": _MODELS_CREATED, "owned_by": "sandbox"}
        for model in request.app[_MODELS]
    ]
    return web.Response(
        body=orjson.dumps({"object": "list", "data": models}), content_type="application/json"
    )


async def _chat_completions(request: web.Request) -> web.StreamResponse:
    chat = read_chat_request(await request.read())
    if chat.model not in request.app[_MODELS]:
        raise openai_errors.unknown_model(chat.model)
    call = _accept(request, chat)
    try:
        return await chat_call.answer(call)
    finally:
        request.app[_SERVED_LOG].end(
            call.id,
            call.outcome,
            status=call.status,
            usage=call.usage(),
            reported_usage=call.reported_usage,
        )


def _accept(request: web.Request, chat: ChatRequest) -> ChatCall:
    call_id = request.app[_SERVED_LOG].begin(
        model=chat.model, stream=chat.stream, request_id=request.headers.get("x-request-id")
    )
    return ChatCall(
        request=request,
        id=call_id,
        chat=chat,
        completion=complete(chat, cached_tokens=request.app[_PREFIX_CACHE].learn(chat.model, chat.prompt)),
        behaviour=request.app[_SWITCH].take(chat.model),
    )


async def _note_stopping(app: web.Application) -> None:
    app[chat_call.STOPPING].set()
