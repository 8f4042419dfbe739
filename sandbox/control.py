"""The sandbox's own controls: read what was served, read and turn the behaviour switch."""

from typing import Any

import orjson
from aiohttp import web

from sandbox.behaviour import BehaviourSwitch
from sandbox.served_log import ServedLog

_SERVED_LOG = web.AppKey("served_log", ServedLog)
_SWITCH = web.AppKey("switch", BehaviourSwitch)


def build(*, served_log: ServedLog, switch: BehaviourSwitch) -> web.Application:
    """Return the application to mount at ``/control``."""
    app = web.Application()
    app[_SERVED_LOG] = served_log
    app[_SWITCH] = switch
    app.router.add_get("/served", _served)
    app.router.add_get("/behaviour", _behaviour)
    app.router.add_post("/behaviour", _turn)
    return app


async def _served(request: web.Request) -> web.Response:
    since = request.query.get("since", "0")
    if not since.isdecimal():
        return _json({"error": "since is the number of calls to leave out"}, status=400)
    return _json(request.app[_SERVED_LOG].calls(since=int(since)))


async def _behaviour(request: web.Request) -> web.Response:
    return _json(request.app[_SWITCH].in_force)


async def _turn(request: web.Request) -> web.Response:
    try:
        request.app[_SWITCH].turn(orjson.loads(await request.read()))
    except ValueError as error:  # JSONDecodeError is one
        return _json({"error": str(error)}, status=400)
    return await _behaviour(request)


def _json(content: Any, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
