"""What somebody asks of a model: what the gateway must know of it, and the rest as it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import orjson


class Surface(Enum):
    """Where a request came in, which is also the form of its answer."""

    CHAT = auto()
    MESSAGES = auto()
    EMBEDDINGS = auto()


@dataclass(frozen=True, slots=True)
class Media:
    """What is not text: parts whose bytes are here, and parts that are only named and lie elsewhere."""

    parts: int = 0
    size_bytes: int = 0
    references: int = 0

    def __add__(self, other: "Media") -> "Media":
        """Return both together."""
        return Media(
            self.parts + other.parts,
            self.size_bytes + other.size_bytes,
            self.references + other.references,
        )


NO_MEDIA = Media()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """A request that was understood. ``rest`` is every field that passes unchanged, as JSON."""

    surface: Surface
    model: str
    rest: bytes = field(repr=False)
    is_stream: bool = False
    # Whether the caller of a stream wants to see its usage, which is asked of the upstream in any case.
    shows_usage: bool = False
    choices: int = 1
    asked_output_tokens: int | None = None
    # Where an output limit stands; none for what has no output.
    output_limit_fields: Sequence[str] = ()
    messages: int = 0
    media: Media = NO_MEDIA
    # Headers of the caller's that the upstream is to see.
    headers: Mapping[str, str] = field(default_factory=dict)

    def for_upstream(self, *, model: str, output_limit_tokens: int, output_limit_field: str = "") -> bytes:
        """Return the body to send: the upstream's ``model`` name, and the limit that the hold affords.

        The limit goes where the caller's own stood, unless the upstream knows ``output_limit_field`` only.
        """
        is_limited = bool(self.output_limit_fields)
        fields = [output_limit_field] if output_limit_field and is_limited else self.output_limit_fields
        ours = {"model": model, **dict.fromkeys(fields, output_limit_tokens)}
        return orjson.dumps(ours)[:-1] + b"," + self.rest[1:]
