"""Steering: a user message says in double brackets what its own answer is to be like.

A request that carries such words stays valid for any model. What they ask for:

    [[tokens:200]]             200 tokens in place of the echo
    [[reasoning:30]]           30 tokens of reasoning first, where the surface allows it
    [[pace_ms:50]]             50 milliseconds a token
    [[delta_bytes:1048576]]    one delta of that many bytes, before the tokens asked for
    [[write_bytes:3]]          what is streamed is written 3 bytes at a time, whatever that cuts through
    [[escape]]                 JSON in ASCII alone: other characters are escaped, astral ones as a pair
    [[split]]                  the same, with the two halves of an astral character in different deltas
    [[tool:look {"at": "it"}]] a call of the tool `look`, if that is offered, with these arguments; several
                               such words are parallel calls
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder

SLOWEST_PACE_MS = 60_000
LONGEST_DELTA_BYTES = 64 * 2**20

_NUMBER = re.compile(r"\[\[(tokens|reasoning|pace_ms|delta_bytes|write_bytes):(\d{1,9})\]\]")
_TOOL = re.compile(r"\[\[tool:([\w.-]{1,128})\s*")
_JSON = JSONDecoder()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool and its arguments, as the JSON text that they were given in."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What a text asks for; zero and None stand for the usual."""

    tokens: int | None = None
    reasoning: int = 0
    pace_seconds: float = 0
    delta_bytes: int = 0
    write_bytes: int = 0
    escapes: bool = False
    splits: bool = False
    tool_calls: Sequence[ToolCall] = ()


_NONE = Steering()


def read(text: str) -> Steering:
    """Return what ``text`` asks for."""
    if "[[" not in text:
        return _NONE
    numbers = {name: int(number) for name, number in _NUMBER.findall(text)}
    splits = "[[split]]" in text
    return Steering(
        tokens=numbers.get("tokens"),
        reasoning=numbers.get("reasoning", 0),
        pace_seconds=min(numbers.get("pace_ms", 0), SLOWEST_PACE_MS) / 1000,
        delta_bytes=min(numbers.get("delta_bytes", 0), LONGEST_DELTA_BYTES),
        write_bytes=numbers.get("write_bytes", 0),
        escapes=splits or "[[escape]]" in text,
        splits=splits,
        tool_calls=list(_tool_calls(text)),
    )


def _tool_calls(text: str) -> Iterator[ToolCall]:
    for named in _TOOL.finditer(text):
        arguments = _arguments(text, start=named.end())
        if text[named.end() + len(arguments) :].lstrip().startswith("]]"):
            yield ToolCall(named[1], arguments or "{}")


def _arguments(text: str, *, start: int) -> str:
    """Return the JSON object that begins at ``start``, as it stands there; empty when none does."""
    if not text.startswith("{", start):
        return ""
    try:
        _, end = _JSON.raw_decode(text, start)
    except JSONDecodeError:
        return ""
    return text[start:end]
