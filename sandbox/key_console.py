"""A foreign key console of the One API family: makes, lists, finds and deletes API keys over HTTP.

    POST   /console/api/token/                    makes a key as the body says: `name`, `remain_quota`,
                                                  `unlimited_quota`, `expired_time` (seconds, -1 for never)
    GET    /console/api/token/?p=0                lists the keys, newest first, ten a page
    GET    /console/api/token/search?keyword=abc  finds those whose names begin so
    DELETE /console/api/token/{id}                deletes one for ever

Every call carries ``Authorization: Bearer`` and the access token; without it the answer is 401. Any other
refusal is an answer of 200 with ``"success": false``, as in the family. A create that repeats an
``Idempotency-Key`` gets the key that the first made; with another body, or when that key is deleted
meanwhile, it is refused. ``sk-`` and the `key` of an answer are a bearer key for the sandbox's model server.
``/control/console`` turns the fault switch.
"""

import secrets
import string
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from sandbox import faults
from sandbox.answers import as_json, whole_number
from sandbox.faults import Fault
from sandbox.records import Record, Records

ACCESS_TOKEN = "sandbox-console-token"  # noqa: S105 - the sandbox's own, known to everybody
PAGE_SIZE = 10
LONGEST_NAME = 30

_ENABLED = 1
_USUAL_WISHES = {"remain_quota": 0, "unlimited_quota": False, "expired_time": -1}
_KEY_LENGTH = 48
_SYMBOLS = string.ascii_letters + string.digits

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token(Record):
    """An API key as the family keeps it; the prefix ``sk-`` is not part of `key`."""

    key: str
    name: str
    remain_quota: int
    unlimited_quota: bool
    expired_time: int
    created_time: int
    idempotency_key: str | None
    is_deleted: bool = False


class Refusal(Exception):
    """A call that the console understands and does not do."""


class KeyConsole:
    """All keys of one console, continued from what its file remembers."""

    def __init__(self, path: Path) -> None:
        self.faults = faults.switch()
        self.records = Records(path, kinds=[Token])

    def knows(self, key: str) -> bool:
        """Say whether ``key`` is one of the console's that is not deleted."""
        return any(key == f"sk-{token.key}" for token in self.tokens())

    def tokens(self) -> list[Token]:
        """Return the keys that are not deleted, newest first."""
        return [token for token in reversed(self.records.all(Token)) if not token.is_deleted]

    def create(self, fields: Mapping[str, Any], *, idempotency_key: str | None) -> Token:
        """Make a key, or return the one that was made under ``idempotency_key``; raises Refusal."""
        asked = _wishes(fields)
        made = self._made_under(idempotency_key)
        if made is not None:
            if made.is_deleted or asked != {name: getattr(made, name) for name in asked}:
                raise Refusal("This idempotency key belongs to another key.")
            return made
        token = Token(
            id=str(len(self.records.all(Token)) + 1),
            key="".join(secrets.choice(_SYMBOLS) for _ in range(_KEY_LENGTH)),
            created_time=int(time.time()),
            idempotency_key=idempotency_key,
            **asked,
        )
        self.records.keep(token)
        return token

    def delete(self, token_id: str) -> None:
        """Delete a key for ever; raises Refusal."""
        token = self.records.find(Token, token_id)
        if token is None or token.is_deleted:
            raise Refusal("There is no such key.")
        self.records.keep(replace(token, is_deleted=True))

    def _made_under(self, idempotency_key: str | None) -> Token | None:
        if idempotency_key is None:
            return None
        every = self.records.all(Token)
        return next((token for token in every if token.idempotency_key == idempotency_key), None)


_CONSOLE = web.AppKey("key_console", KeyConsole)
_ACCESS_TOKEN = web.AppKey("key_console_access_token", str)


def mount(app: web.Application, console: KeyConsole, *, access_token: str) -> None:
    """Let ``app`` answer for ``console`` under ``/console`` and ``/control/console``."""
    api = web.Application(middlewares=[_faulty, _as_the_family_would])
    api[_CONSOLE], api[_ACCESS_TOKEN] = console, access_token
    api.router.add_post("/api/token/", _create)
    api.router.add_get("/api/token/", _list)
    api.router.add_get("/api/token/search", _search)
    api.router.add_delete("/api/token/{id}", _delete)
    app.add_subapp("/console", api)
    faults.add_control(app, "/control/console", console.faults)

    async def close(_: web.Application) -> None:
        console.records.close()

    app.on_cleanup.append(close)


@web.middleware
async def _faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await faults.answer(request, handler, faults=request.app[_CONSOLE].faults, failure=_told_to_fail)


@web.middleware
async def _as_the_family_would(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {request.app[_ACCESS_TOKEN]}":
        return _said("The access token is missing or wrong.", status=401)
    try:
        return await handler(request)
    except Refusal as refusal:
        return _said(str(refusal))


async def _create(request: web.Request) -> web.Response:
    try:
        fields = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise Refusal("The body is not valid JSON.") from None
    made = request.app[_CONSOLE].create(fields, idempotency_key=request.headers.get("Idempotency-Key"))
    return _done(_row(made))


async def _list(request: web.Request) -> web.Response:
    first = whole_number(request, "p") * PAGE_SIZE
    return _done([_row(token) for token in request.app[_CONSOLE].tokens()[first : first + PAGE_SIZE]])


async def _search(request: web.Request) -> web.Response:
    opening = request.query.get("keyword", "")
    return _done([_row(token) for token in request.app[_CONSOLE].tokens() if token.name.startswith(opening)])


async def _delete(request: web.Request) -> web.Response:
    request.app[_CONSOLE].delete(request.match_info["id"])
    return _done(None)


def _wishes(fields: object) -> dict[str, Any]:
    match fields:
        case {"name": str(name), **others} if 0 < len(name) <= LONGEST_NAME:
            wishes = {wish: others.get(wish, usual) for wish, usual in _USUAL_WISHES.items()}
            return {"name": name, **wishes}
        case _:
            raise Refusal(f"A key needs a name of at most {LONGEST_NAME} characters.")


def _row(token: Token) -> dict[str, Any]:
    return {
        "id": int(token.id),
        "key": token.key,
        "status": _ENABLED,
        "name": token.name,
        "created_time": token.created_time,
        "accessed_time": token.created_time,
        "expired_time": token.expired_time,
        "remain_quota": token.remain_quota,
        "unlimited_quota": token.unlimited_quota,
        "used_quota": 0,
    }


def _done(data: object) -> web.Response:
    return as_json({"success": True, "message": "", "data": data})


def _said(message: str, *, status: int = 200) -> web.Response:
    return as_json({"success": False, "message": message}, status=status)


def _told_to_fail(fault: Fault) -> web.Response:
    answer = _said("The sandbox was told to fail.", status=fault.status)
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = fault.retry_after
    return answer
