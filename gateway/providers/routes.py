"""Where a model is to be had, and what its upstream is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.models import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A channel's address and key, and the model's name over there. Empty limits are the gateway's own."""

    channel: str
    protocol: Protocol
    base_url: str
    key: str = field(repr=False)
    model: str
    # The only field by which this upstream knows an output limit; empty when it knows what callers send.
    output_limit_field: str = ""
    open_calls_limit: int | None = None
    first_byte_seconds: float | None = None
    silence_seconds: float | None = None
    cool_down_seconds: float = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call as an upstream is sent it, with those of the caller's headers that pass."""

    path: str
    body: bytes = field(repr=False)
    is_stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
