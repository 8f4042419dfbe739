"""What an upstream says when it does not answer, in either protocol: both put it into `error`."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import UpstreamObjected

# Only these are about the call itself; every other error is between the shop and its upstream.
CALLERS_FAULT = frozenset({400, 413, 422})
BUSY = frozenset({429, 503, 529})
_LONGEST_MESSAGE = 2000
_USUAL_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 2, 60


def objection(status: int, body: bytes, *, secret: str) -> UpstreamObjected:
    """Return what the upstream has against the call, in its own words, without ``secret``."""
    error = _error_of(body)
    return UpstreamObjected(
        status,
        message=_text(error, "message", secret) or "The model refused this call.",
        kind=_text(error, "type", secret) or "invalid_request_error",
        param=_text(error, "param", secret),
        code=_text(error, "code", secret),
    )


def wait_seconds(header: str) -> int:
    """Return how long to wait for an upstream that said ``header`` as its Retry-After."""
    return min(int(header), _LONGEST_WAIT_SECONDS) if header.isdecimal() else _USUAL_WAIT_SECONDS


def _error_of(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, dict) else {}


def _text(error: Mapping[str, Any], name: str, secret: str) -> str | None:
    text = error.get(name)
    return text.replace(secret, "***")[:_LONGEST_MESSAGE] if isinstance(text, str) else None
