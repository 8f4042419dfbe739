"""Refusals in the shape in which Anthropic states them."""

from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web

from sandbox.answers import as_json
from sandbox.models.refusals import Refusal

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_FIRST_SERVER_ERROR = 500


class AnthropicShape:
    """``{"type": "error", "error": {"type", "message"}, "request_id"}``; the id is in a header, too."""

    malformed_frame = b'event: content_block_delta\ndata: {"type": "content_block_delta", "index"\n\n'

    def response(self, refusal: Refusal) -> web.Response:
        """Return ``refusal`` as an HTTP answer."""
        body = _body(refusal)
        return as_json(body, status=refusal.status, headers={"request-id": body["request_id"]})

    def frame(self, refusal: Refusal) -> bytes:
        """Return ``refusal`` as an event within a stream."""
        return b"event: error\ndata: " + orjson.dumps(_body(refusal)) + b"\n\n"


def _body(refusal: Refusal) -> dict[str, Any]:
    usual = "api_error" if refusal.status >= _FIRST_SERVER_ERROR else "invalid_request_error"
    message = f"{refusal.param}: {refusal.message}" if refusal.param else refusal.message
    return {
        "type": "error",
        "error": {"type": _TYPES.get(refusal.status, usual), "message": message},
        "request_id": f"req_{uuid4().hex}",
    }
