"""Answers in JSON, and reading what was asked in JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web


def as_json(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return ``content`` as an answer."""
    return web.Response(
        body=orjson.dumps(content), status=status, headers=headers, content_type="application/json"
    )


def refused(reason: str, *, status: int = 400) -> web.Response:
    """Return the answer of a control that does not do what it was asked to, saying why."""
    return as_json({"error": reason}, status=status)


def whole_number(request: web.Request, name: str, *, default: int = 0) -> int:
    """Return the whole number in the query under ``name``; the answer to anything else is 400."""
    value = request.query.get(name, str(default))
    if not value.isdecimal():
        raise web.HTTPBadRequest(text=f"{name} is a whole number.")
    return int(value)
