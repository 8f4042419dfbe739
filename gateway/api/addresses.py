"""What a path means. Clients put much in front of an endpoint; here each gets its one true address.

A Base URL may be the bare host, end in `/v1` or `/anthropic`, hold both, or be a whole endpoint: clients
append their own paths to it, so `/v1/v1/messages` and `/v1/chat/completions/chat/completions` come in.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.models import Protocol
from gateway.services import credentials

BASE = "/v1"
CHAT, EMBEDDINGS, MODELS = f"{BASE}/chat/completions", f"{BASE}/embeddings", f"{BASE}/models"
MESSAGES, COUNT_TOKENS = f"{BASE}/messages", f"{BASE}/messages/count_tokens"
RECEIPTS = f"{BASE}/receipts"

_PREFIXES = ("v1", "openai", "anthropic")
# The longer first, where one begins with another.
_ENDPOINTS = (("chat", "completions"), ("embeddings",), ("messages", "count_tokens"), ("messages",))
# What follows these is a name, however it looks.
_COLLECTIONS = ("models", "receipts")
# The rest of OpenAI's surface.
_WITHOUT_PRICE = (
    ("responses",), ("completions",), ("moderations",), ("images",), ("audio",), ("files",), ("uploads",),
    ("batches",), ("fine_tuning",), ("assistants",), ("threads",), ("vector_stores",), ("realtime",),
    ("videos",), ("containers",), ("evals",), ("conversations",), ("chatkit",),
)  # fmt: skip


class Address(NamedTuple):
    """A path in its one true form, and whose protocol is spoken there."""

    path: str
    protocol: Protocol
    # Whether the path said by a prefix that it is the gateway's.
    is_prefixed: bool

    @property
    def is_base(self) -> bool:
        """Tell whether this is the Base URL itself."""
        return self.path == BASE

    @property
    def is_known(self) -> bool:
        """Tell whether an endpoint is named, offered or not."""
        segments = self.path.removeprefix(f"{BASE}/").split("/")
        return bool(_endpoint(segments)) or segments[0] in _COLLECTIONS or has_no_price(self)

    @property
    def name(self) -> str:
        """Return what follows the name of a collection: a model, a receipt."""
        return self.path.removeprefix(f"{BASE}/").partition("/")[2]


def read(path: str, headers: Mapping[bytes, bytes]) -> Address:
    """Return what ``path`` means to a client that sent ``headers``."""
    return _read(path, says_version=b"anthropic-version" in headers)


# Calls are many, and what they call are few.
@lru_cache(maxsize=256)
def _read(path: str, *, says_version: bool) -> Address:
    segments = [segment for segment in path.split("/") if segment]
    rest = _without_base(segments)
    speaks_anthropic = rest[:1] == ["messages"] or "anthropic" in _prefix(segments) or says_version
    return Address(
        path="/".join((BASE, *rest)),
        protocol=Protocol.ANTHROPIC if speaks_anthropic else Protocol.OPENAI,
        is_prefixed=bool(_prefix(segments)),
    )


def is_gateway_s(method: str, path: str, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a call on a host that also has pages is the gateway's.

    Without a prefix it is when it names an endpoint, and is a POST or carries what only programs send.
    """
    address = read(path, headers)
    if address.is_prefixed:
        return True
    return address.is_known and (method == "POST" or _is_program(headers))


def is_for_a_reader(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a person's browser asks, to whom a page says more than an error of a program."""
    accepts_pages = b"text/html" in headers.get(b"accept", b"")
    return method == "GET" and accepts_pages and not _is_program(headers)


@lru_cache(maxsize=256)
def has_no_price(address: Address) -> bool:
    """Tell whether ``address`` is of OpenAI's surface and not offered here yet."""
    segments = tuple(address.path.removeprefix(f"{BASE}/").split("/"))
    return any(segments[: len(known)] == known for known in _WITHOUT_PRICE)


def _is_program(headers: Mapping[bytes, bytes]) -> bool:
    return b"anthropic-version" in headers or credentials.are_in(headers)


def _without_base(segments: Sequence[str]) -> Sequence[str]:
    """Return the last endpoint that is named, and what follows it."""
    rest = segments[len(_prefix(segments)) :]
    endpoint = _endpoint(rest)
    behind = rest[len(endpoint) :]
    if endpoint and behind:
        return _without_base(behind)
    return rest


def _prefix(segments: Sequence[str]) -> Sequence[str]:
    """Return the leading segments that say no more than that this is a model API."""
    length = next((n for n, segment in enumerate(segments) if segment not in _PREFIXES), len(segments))
    return segments[:length]


def _endpoint(segments: Sequence[str]) -> Sequence[str]:
    """Return the endpoint that ``segments`` begin with, if any."""
    return next((known for known in _ENDPOINTS if tuple(segments[: len(known)]) == known), ())
