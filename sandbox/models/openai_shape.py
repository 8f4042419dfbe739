"""Refusals in the shape in which OpenAI states them."""

from typing import Any

import orjson
from aiohttp import web

from sandbox.answers import as_json
from sandbox.models.refusals import Refusal


class OpenAIShape:
    """``{"error": {"message", "type", "param", "code"}}``."""

    malformed_frame = b'data: {"object": "chat.completion.chunk", "choices": [{"index"\n\n'

    def response(self, refusal: Refusal) -> web.Response:
        """Return ``refusal`` as an HTTP answer."""
        return as_json(_body(refusal), status=refusal.status)

    def frame(self, refusal: Refusal) -> bytes:
        """Return ``refusal`` as an event within a stream."""
        return b"data: " + orjson.dumps(_body(refusal)) + b"\n\n"


def _body(refusal: Refusal) -> dict[str, Any]:
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.param,
            "code": refusal.code,
        }
    }
