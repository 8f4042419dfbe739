"""What an upstream says that a call used, told in the words of the caller's protocol.

For the caller's eyes: charges are made from the upstream's own report, by `gateway.services.usage`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

# Above any context window: a larger number is not a count of tokens.
_LARGEST_COUNT = 10**12


class Used(NamedTuple):
    """Tokens by kind. Input excludes what the cache gave and took, output includes the reasoning."""

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def or_more(self, other: "Used") -> "Used":
        """Return the larger counts of two reports on the same call: a later one includes the earlier."""
        return Used(*map(max, self, other))


def of_completion(report: object) -> Used | None:
    """Return what the report of a chat completion says, where the cached part is within the prompt."""
    if not isinstance(report, Mapping):
        return None
    prompt, details = _count(report, "prompt_tokens"), report.get("prompt_tokens_details")
    cached = min(prompt, _count(details, "cached_tokens") or _count(report, "prompt_cache_hit_tokens"))
    cache_write = min(prompt - cached, _count(details, "cache_write_tokens"))
    output = _count(report, "completion_tokens")
    reasoning = min(output, _count(report.get("completion_tokens_details"), "reasoning_tokens"))
    return Used(prompt - cached - cache_write, cached, cache_write, output, reasoning)


def of_message(report: object) -> Used | None:
    """Return what the report of a message says, where what the cache gave and took stands apart."""
    if not isinstance(report, Mapping):
        return None
    output = _count(report, "output_tokens")
    return Used(
        _count(report, "input_tokens"),
        _count(report, "cache_read_input_tokens"),
        _count(report, "cache_creation_input_tokens"),
        output,
        min(output, _count(report.get("output_tokens_details"), "thinking_tokens")),
    )


def as_message_usage(used: Used) -> dict[str, Any]:
    """Return ``used`` as a message reports it."""
    usage: dict[str, Any] = {
        "input_tokens": used.input_tokens,
        "cache_creation_input_tokens": used.cache_write_tokens,
        "cache_read_input_tokens": used.cached_tokens,
        "output_tokens": used.output_tokens,
    }
    if used.reasoning_tokens:
        usage["output_tokens_details"] = {"thinking_tokens": used.reasoning_tokens}
    return usage


def as_completion_usage(used: Used) -> dict[str, Any]:
    """Return ``used`` as a chat completion reports it."""
    prompt = used.input_tokens + used.cached_tokens + used.cache_write_tokens
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": used.output_tokens,
        "total_tokens": prompt + used.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": used.cached_tokens,
            "cache_write_tokens": used.cache_write_tokens,
        },
    }
    if used.reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": used.reasoning_tokens}
    return usage


def _count(report: object, name: str) -> int:
    """Return a count of tokens; what cannot be one is nothing."""
    value = report.get(name) if isinstance(report, Mapping) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT:
        return 0
    return value
