"""How an error looks: in OpenAI's shape, or in Anthropic's; as a body, or as the last event of a stream."""

import uuid
from typing import Any

import orjson

from gateway.api.error_table import ErrorAnswer
from gateway.models import Protocol

_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    501: "invalid_request_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def body(error: ErrorAnswer, protocol: Protocol, request_id: uuid.UUID) -> bytes:
    """Return the whole body of an answer that is an error."""
    return orjson.dumps(_content(error, protocol, request_id))


def frame(error: ErrorAnswer, protocol: Protocol, request_id: uuid.UUID) -> bytes:
    """Return the event with which a stream ends that goes no further."""
    event = b"event: error\n" if protocol is Protocol.ANTHROPIC else b""
    return event + b"data: " + body(error, protocol, request_id) + b"\n\n"


def _content(error: ErrorAnswer, protocol: Protocol, request_id: uuid.UUID) -> dict[str, Any]:
    if protocol is Protocol.ANTHROPIC:
        kind = _ANTHROPIC_KINDS.get(error.status, "api_error")
        told = {"type": kind, "message": error.message, "code": error.code}
        return {"type": "error", "error": told, "request_id": str(request_id)}
    told = {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}
    return {"error": told}
