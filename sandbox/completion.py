"""What the model says: an echo of the last user message, or as many tokens as that message asks for.

A user message steers its own answer, in a request that stays valid for any model:
``[[tokens:200]]`` asks for an answer of 200 tokens in place of the echo, ``[[reasoning:30]]`` for
30 tokens of reasoning before it, ``[[pace_ms:50]]`` for 50 milliseconds a token.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

from sandbox.chat_request import ChatRequest
from sandbox.tokens import split_tokens

LONGEST_ANSWER_TOKENS = 100_000
SLOWEST_PACE_MS = 60_000

_STEERING = re.compile(r"\[\[(tokens|reasoning|pace_ms):(\d{1,9})\]\]")


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer before it is sent, one token a piece; every choice says the same."""

    reasoning: Sequence[str]
    content: Sequence[str]
    finish_reason: Literal["stop", "length"]
    choices: int
    pace_seconds: float
    prompt_tokens: int
    cached_tokens: int

    @property
    def pieces(self) -> int:
        """How many pieces there are to send, over all choices."""
        return (len(self.reasoning) + len(self.content)) * self.choices

    def usage(self, *, pieces_sent: int | None = None) -> dict[str, Any]:
        """Count the tokens of the whole answer, or of its first ``pieces_sent`` pieces."""
        reasoning = len(self.reasoning) * self.choices
        completion = self.pieces if pieces_sent is None else min(self.pieces, pieces_sent)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": min(reasoning, completion)},
        }


def complete(chat: ChatRequest, *, cached_tokens: int) -> Completion:
    """Decide the answer to ``chat``; `max_tokens` cuts reasoning and content together."""
    steering = {name: int(number) for name, number in _STEERING.findall(chat.last_user_text)}
    reasoning = _filler("think", tokens=steering.get("reasoning", 0))
    content = _content(chat.last_user_text, tokens=steering.get("tokens"))
    limit = chat.max_tokens or LONGEST_ANSWER_TOKENS
    is_cut = len(reasoning) + len(content) > limit
    reasoning = reasoning[:limit]
    return Completion(
        reasoning=reasoning,
        content=content[: limit - len(reasoning)],
        finish_reason="length" if is_cut else "stop",
        choices=chat.choices,
        pace_seconds=min(steering.get("pace_ms", 0), SLOWEST_PACE_MS) / 1000,
        prompt_tokens=sum(section.tokens for section in chat.prompt),
        cached_tokens=cached_tokens,
    )


def _content(text: str, *, tokens: int | None) -> list[str]:
    return split_tokens(text) if tokens is None else _filler("word", tokens=tokens)


def _filler(word: str, *, tokens: int) -> list[str]:
    if tokens == 0:
        return []
    return [word, *repeat(f" {word}", min(tokens, LONGEST_ANSWER_TOKENS + 1) - 1)]
