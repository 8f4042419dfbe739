"""What is asked of the model, whichever surface it was asked on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOKENS_PER_MESSAGE = 4  # the role and the frame around the content
TOKENS_PER_MEDIA_PART = 100  # an image, a sound, a file


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the prompt that a prefix cache knows as a whole: a tool, a message, a part of one."""

    content: bytes
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A valid request for words, reduced to what the sandbox acts on."""

    model: str
    stream: bool
    prompt: Sequence[Section]
    # How many sections from the first on may be read from the cache, and are written to it.
    cacheable: int
    cache_lasts_an_hour: bool = False
    # What the user says in the turn that is to be answered, and what the called tools returned in it.
    text: str
    results: Sequence[str] = ()
    tools: frozenset[str] = frozenset()
    # The answer is to be JSON of this schema; an empty one allows any object.
    schema: Mapping[str, Any] | None = None
    may_reason: bool = True
    max_tokens: int | None = None
    choices: int = 1
    include_usage: bool = False
