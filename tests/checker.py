"""What served calls cost, worked out from the upstream's own log by somebody who has never seen our books.

Knows prices in USD per million tokens, the usage that the upstream reported, and fractions. Imports nothing
of the product, so that a mistake in its money code cannot hide here too.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

NANO_USD = 10**9
TOKENS_PER_PRICE = 10**6


@dataclass(frozen=True)
class Price:
    """USD per million tokens, as text: ``Price("0.45", "0.009", "0.45", "0.45")``."""

    fresh_input: str
    cached_input: str
    cache_write: str
    output: str


def cost_nano_usd(usage: Mapping[str, Any], price: Price) -> int:
    """Return what one call costs: exact, then rounded up once, to a whole nano-USD."""
    fresh, cached, written, output = kinds_of(usage)
    usd: Fraction = (
        fresh * Fraction(price.fresh_input)
        + cached * Fraction(price.cached_input)
        + written * Fraction(price.cache_write)
        + output * Fraction(price.output)
    ) / TOKENS_PER_PRICE
    return math.ceil(usd * NANO_USD)


def kinds_of(usage: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Return tokens read afresh, read from the cache, written to it, and written as the answer.

    OpenAI counts the first three together, as the prompt; Anthropic counts each apart.
    """
    if "prompt_tokens" not in usage:
        cached, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        return usage["input_tokens"], cached, written, usage["output_tokens"]
    details = usage.get("prompt_tokens_details") or {}
    cached, written = details.get("cached_tokens") or 0, details.get("cache_write_tokens") or 0
    return usage["prompt_tokens"] - cached - written, cached, written, usage.get("completion_tokens", 0)


def owed_nano_usd(served: Iterable[Mapping[str, Any]], prices: Mapping[str, Price]) -> int:
    """Return what all ``served`` calls cost that reported their usage, by the prices of their models."""
    return sum(
        cost_nano_usd(call["reported_usage"], prices[call["model"]])
        for call in served
        if call["reported_usage"]
    )
