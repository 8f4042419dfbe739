"""Faults: what the next HTTP calls to a stand-in meet in place of its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, get_args

import orjson
from aiohttp import web

from sandbox import connections
from sandbox.answers import as_json, refused
from sandbox.switch import Passing, Switch

Mode = Literal["none", "fail", "garbage", "truncate", "stall", "drip", "reset"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Under this name a request carries the mode of the fault that it met.
MET = "fault"

_PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Passing):
    """What a call meets; `mode` says which of the other fields count.

    ``fail``: an error of `status`, with `retry_after` as its Retry-After header.
    ``garbage``: status 200 and the page of some proxy.
    ``truncate``: the true answer, cut in the middle of its body.
    ``stall``: the true answer, after `seconds` of silence.
    ``drip``: the true answer, its bytes `seconds` apart.
    ``reset``: a connection reset.

    What the call asks for is done only when its true answer is sent, and with `after_work` in any case: then
    nothing but the answer is lost. With `path`, only calls whose path ends in it are met and counted.
    """

    mode: Mode = "none"
    status: int = 500
    retry_after: str | None = None
    seconds: float = 30
    after_work: bool = False
    path: str = ""

    def __post_init__(self) -> None:
        """Refuse what no call can meet."""
        Passing.__post_init__(self)  # a class with slots has no working super()
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode is one of: {', '.join(get_args(Mode))}")
        if not 400 <= self.status <= 599:
            raise ValueError("status is from 400 to 599")
        if self.seconds < 0:
            raise ValueError("seconds is not negative")


FaultSwitch = Switch[Fault]


def switch() -> FaultSwitch:
    """Return a switch that is off."""
    return Switch(Fault())


def add_control(app: web.Application, path: str, faults: FaultSwitch) -> None:
    """Let ``app`` show and turn the switch at ``path``."""

    async def show(request: web.Request) -> web.Response:
        return as_json(faults.in_force)

    async def turn(request: web.Request) -> web.Response:
        try:
            faults.turn(orjson.loads(await request.read()))
        except ValueError as error:  # JSONDecodeError is one
            return refused(str(error))
        return as_json(faults.in_force)

    app.router.add_get(path, show)
    app.router.add_post(path, turn)


async def answer(
    request: web.Request, handler: Handler, *, faults: FaultSwitch, failure: Callable[[Fault], web.Response]
) -> web.StreamResponse:
    """Answer as ``handler`` does, but for the fault in force; ``failure`` words an error as asked for."""
    fault = faults.take() if request.path.endswith(faults.in_force.path) else Fault()
    request[MET] = fault.mode
    if fault.mode == "none":
        return await handler(request)
    if fault.mode == "stall" and not fault.after_work:
        await asyncio.sleep(fault.seconds)
        return await handler(request)
    does_its_work = fault.after_work or fault.mode in {"truncate", "drip"}
    return await _spoilt(request, await handler(request) if does_its_work else web.Response(), fault, failure)


async def _spoilt(
    request: web.Request,
    answer: web.StreamResponse,
    fault: Fault,
    failure: Callable[[Fault], web.Response],
) -> web.StreamResponse:
    match fault.mode:
        case "none":
            return answer
        case "fail":
            return failure(fault)
        case "garbage":
            return web.Response(text=_PROXY_PAGE, content_type="text/html")
        case "truncate":
            return await _truncated(request, answer)
        case "stall":
            await asyncio.sleep(fault.seconds)
            return answer
        case "drip":
            return await _dripping(request, answer, fault.seconds)
        case "reset":
            connections.reset(request.transport)
            return answer


async def _truncated(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = _body(whole)
    cut = await _begun(request, whole)
    await cut.write(body[: len(body) // 2])
    connections.cut(request.transport)
    return cut


async def _dripping(request: web.Request, whole: web.StreamResponse, seconds: float) -> web.StreamResponse:
    dripping = await _begun(request, whole)
    for byte in _body(whole):
        await dripping.write(bytes([byte]))
        await asyncio.sleep(seconds)
    return dripping


async def _begun(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    begun = web.StreamResponse(status=whole.status, headers={"Content-Type": whole.content_type})
    begun.content_length = len(_body(whole))
    await begun.prepare(request)
    return begun


def _body(whole: web.StreamResponse) -> bytes:
    return bytes(whole.body) if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b""
