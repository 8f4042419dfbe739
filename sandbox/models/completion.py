"""What the model says: an echo, unless the last user message steers it elsewhere.

Tools that were called are answered by an echo of what they returned.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Literal

from sandbox.models import json_answers, steering
from sandbox.models.asked import Asked
from sandbox.models.steering import Steering, ToolCall
from sandbox.models.tokens import split_tokens

LONGEST_ANSWER_TOKENS = 100_000

_ARGUMENTS_PER_TOKEN = 8  # characters of a tool call's arguments
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_BETWEEN_HALVES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of an answer, one token a piece; of a tool call, `name` is the tool, the pieces are JSON."""

    kind: Literal["reasoning", "text", "tool_call"]
    pieces: Sequence[str]
    name: str = ""

    @property
    def whole(self) -> str:
        """All pieces in one."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """An answer before it is put into a form; every choice says the same, and all are counted."""

    blocks: Sequence[Block]
    finish: Literal["stop", "length", "tool_calls"]
    choices: int
    tokens: int
    reasoning_tokens: int
    steering: Steering

    def of_kind(self, kind: str) -> list[Block]:
        """Return the blocks of one kind."""
        return [block for block in self.blocks if block.kind == kind]


def complete(asked: Asked) -> Completion:
    """Decide the answer to ``asked``; `max_tokens` cuts all of its blocks together."""
    wishes = steering.read(asked.text)
    calls = [call for call in wishes.tool_calls if call.name in asked.tools]
    wished = _blocks(asked, wishes, calls)
    limit = LONGEST_ANSWER_TOKENS if asked.max_tokens is None else asked.max_tokens
    blocks = list(_cut(wished, tokens=limit))
    tokens = _tokens(blocks)
    is_cut = tokens < _tokens(wished)
    return Completion(
        blocks=blocks,
        finish="length" if is_cut else "tool_calls" if calls else "stop",
        choices=asked.choices,
        tokens=tokens * asked.choices,
        reasoning_tokens=_tokens(block for block in blocks if block.kind == "reasoning") * asked.choices,
        steering=wishes,
    )


def _blocks(asked: Asked, wishes: Steering, calls: Sequence[ToolCall]) -> list[Block]:
    blocks = [Block("reasoning", _filler("think", tokens=wishes.reasoning if asked.may_reason else 0))]
    if calls:
        blocks += [Block("tool_call", _arguments(call.arguments), call.name) for call in calls]
    else:
        blocks.append(Block("text", _content(asked, wishes)))
    if wishes.splits:
        blocks = [replace(block, pieces=list(_halves(block.pieces))) for block in blocks]
    return blocks


def _tokens(blocks: Iterable[Block]) -> int:
    return sum(len(block.pieces) for block in blocks)


def _content(asked: Asked, wishes: Steering) -> list[str]:
    said = _said(asked, wishes)
    if asked.schema is None:
        return said
    return split_tokens(json_answers.answer(asked.schema, echo="".join(said)))


def _said(asked: Asked, wishes: Steering) -> list[str]:
    if wishes.tokens is None and not wishes.delta_bytes:
        return split_tokens("\n".join(filter(None, [*asked.results, asked.text])))
    large = ["x" * wishes.delta_bytes] if wishes.delta_bytes else []
    return large + _filler("word", tokens=wishes.tokens or 0)


def _arguments(text: str) -> list[str]:
    starts = range(0, len(text), _ARGUMENTS_PER_TOKEN)
    return [text[start : start + _ARGUMENTS_PER_TOKEN] for start in starts]


def _halves(pieces: Sequence[str]) -> Iterator[str]:
    for piece in pieces:
        yield from _BETWEEN_HALVES.split(_ASTRAL.sub(_as_pair, piece))


def _as_pair(astral: re.Match[str]) -> str:
    pair = astral[0].encode("utf-16-be")
    return "".join(half.decode("utf-16-be", "surrogatepass") for half in (pair[:2], pair[2:]))


def _cut(blocks: Sequence[Block], *, tokens: int) -> Iterator[Block]:
    """Yield what fits into ``tokens``; what is empty is left out."""
    for block in blocks:
        if tokens and block.pieces:
            yield block if len(block.pieces) <= tokens else replace(block, pieces=block.pieces[:tokens])
        tokens -= min(tokens, len(block.pieces))


def _filler(word: str, *, tokens: int) -> list[str]:
    if tokens == 0:
        return []
    return [word, *repeat(f" {word}", min(tokens, LONGEST_ANSWER_TOKENS + 1) - 1)]
