"""Usage: what an upstream reports that a call used, brought into the form that the books keep."""

from collections.abc import Mapping
from typing import Any, NamedTuple

# Far above any context window, far below what a bigint holds: a larger number is not a count of tokens.
_LARGEST_COUNT = 10**12


class Usage(NamedTuple):
    """Tokens by what they cost. Input from the model's cache is counted apart from fresh input, not again."""

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int


def read(report: object) -> Usage | None:
    """Return what ``report`` states, or None when it states nothing that can be true.

    Reports count the cached part within the prompt: a part that is larger than the whole counts as the
    whole, one that is no number as nothing. Reasoning is within the completion already.
    """
    if not isinstance(report, Mapping):
        return None
    prompt, completion = _count(report.get("prompt_tokens")), _count(report.get("completion_tokens"))
    if not prompt or completion is None:  # no prompt is empty: zero means that nobody counted
        return None
    cached = min(_cached(report), prompt)
    return Usage(prompt - cached, cached, completion)


def _cached(report: Mapping[str, Any]) -> int:
    """Return the cached part, as OpenAI names it or as DeepSeek does."""
    details = report.get("prompt_tokens_details")
    named = details.get("cached_tokens") if isinstance(details, Mapping) else None
    return _count(named) or _count(report.get("prompt_cache_hit_tokens")) or 0


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT:
        return None
    return value
