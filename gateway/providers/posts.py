"""What an upstream is sent, as the bytes of an HTTP request."""

import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from gateway.errors import UpstreamUnavailable
from gateway.models import Protocol
from gateway.providers.pools import Origin
from gateway.providers.routes import Question, Route

# The version of Anthropic's protocol that is meant when a caller names none.
_ANTHROPIC_VERSION = "2023-06-01"
# Compressed answers could not be passed on as they come, and gain little on the way to us.
_HEAD = (
    "POST {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: purser\r\naccept: */*\r\n"
    "accept-encoding: identity\r\ncontent-type: application/json"
)
_PORTS = {"http": 80, "https": 443}
_LEFT_AS_THEY_ARE = "/%:@!$&'()*+,;=~"
# With these a value would end, and its rest be a header or a request of its own.
_LINE_END = re.compile("[\r\n\0]")


class Post(NamedTuple):
    """A request, ready to be sent."""

    origin: Origin
    head: bytes
    body: bytes


class _Target(NamedTuple):
    """Where requests of one kind go, and how their heads begin."""

    origin: Origin
    head: str


def of(question: Question, route: Route, *, request_id: uuid.UUID) -> Post:
    """Return ``question`` as it is sent over ``route``; raise UpstreamUnavailable when it cannot be."""
    try:
        target = _target(f"{route.base_url.rstrip('/')}{question.path}")
    except ValueError:
        raise UpstreamUnavailable("address") from None
    headers = _headers(question, route, request_id)
    if any(map(_LINE_END.search, headers.values())):
        raise UpstreamUnavailable("header")
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([target.head, *lines, f"content-length: {len(question.body)}", "", ""])
    return Post(target.origin, head.encode(), question.body)


@lru_cache(maxsize=1024)
def _target(url: str) -> _Target:
    """Return what is the same for every request to ``url``; ValueError when nothing can be there."""
    parsed = urlsplit(url)
    host = (parsed.hostname or "").encode("idna").decode()
    usual_port = _PORTS[parsed.scheme]
    origin = Origin(parsed.scheme == "https", host, parsed.port or usual_port)
    name = f"[{host}]" if ":" in host else host
    if origin.port != usual_port:
        name = f"{name}:{origin.port}"
    return _Target(origin, _HEAD.format(path=quote(parsed.path, safe=_LEFT_AS_THEY_ARE), host=name))


def _headers(question: Question, route: Route, request_id: uuid.UUID) -> Mapping[str, str]:
    ours = {"x-request-id": str(request_id)}
    match route.protocol:
        case Protocol.OPENAI:
            return {**ours, "authorization": f"Bearer {route.key}"}
        case Protocol.ANTHROPIC:
            return {
                "anthropic-version": _ANTHROPIC_VERSION,
                **question.headers,
                **ours,
                "x-api-key": route.key,
            }
