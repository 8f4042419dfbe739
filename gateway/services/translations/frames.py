"""Frames of server-sent events, as either protocol writes them."""

from collections.abc import Mapping
from typing import Any

from gateway.services.translations import answered

END_MARK = b"data: [DONE]\n\n"


def event(name: str, **fields: Any) -> bytes:
    """Return an event of a streamed message."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), answered.written({"type": name, **fields}))


def chunk(fields: Mapping[str, Any]) -> bytes:
    """Return a chunk of a streamed chat completion."""
    return b"data: %b\n\n" % answered.written(fields)
