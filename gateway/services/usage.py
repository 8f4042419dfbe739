"""Usage: what an upstream reports that a call used, brought into the form that the books keep.

One reader for every surface. OpenAI's chats and embeddings count the cached part within `prompt_tokens`; its
newer surfaces count it within `input_tokens`, beside `input_tokens_details`; Anthropic's `input_tokens` leave
it out. Reasoning is always within the output.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

# Far above any context window, far below what a bigint holds: a larger number is not a count of tokens.
_LARGEST_COUNT = 10**12
_DETAILS = ("input_tokens_details", "input_token_details")

Report = Mapping[str, Any]


class Usage(NamedTuple):
    """What was used, by what it costs. No kind contains another, but output contains reasoning."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    images: int = 0
    seconds: int = 0
    characters: int = 0


class Reading(NamedTuple):
    """A report that can be read. Unsound means that a part had to be cut to its whole, or left out."""

    usage: Usage
    is_sound: bool


class _Part(NamedTuple):
    tokens: int
    is_sound: bool


def read(report: object, *, images: int = 0, characters: int = 0) -> Reading | None:
    """Return what ``report`` states, or None when it states nothing that can be true.

    Pictures made and characters spoken stand in no report: whoever knows them passes them.
    """
    if not isinstance(report, Mapping):
        return None
    if "prompt_tokens" in report:
        reading = _chat(report)
    elif report.get("type") == "duration":
        reading = _duration(report)
    elif any(name in report for name in _DETAILS):
        reading = _details(report)
    else:
        reading = _message(report)
    return reading and _with(reading, images, characters)


def _with(reading: Reading, images: int, characters: int) -> Reading:
    return reading._replace(usage=reading.usage._replace(images=images, characters=characters))


def _chat(report: Report) -> Reading | None:
    """Read OpenAI's older form, in DeepSeek's dialect too. An embedding has no completion, and may say so."""
    within = report.get("prompt_tokens_details")
    cached = _named(within, "cached_tokens") or report.get("prompt_cache_hit_tokens")
    embeds = "completion_tokens" not in report and report.get("total_tokens") == report["prompt_tokens"]
    return _whole(
        total_input=report["prompt_tokens"],
        cached=cached,
        written=_named(within, "cache_write_tokens"),
        output=0 if embeds else report.get("completion_tokens"),
        reasoning=_named(report.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _details(report: Report) -> Reading | None:
    """Read OpenAI's newer form: responses, pictures, transcripts."""
    within = next(report[name] for name in _DETAILS if name in report)
    return _whole(
        total_input=report.get("input_tokens"),
        cached=_named(within, "cached_tokens"),
        written=_named(within, "cache_write_tokens"),
        output=report.get("output_tokens"),
        reasoning=_named(report.get("output_tokens_details"), "reasoning_tokens"),
    )


def _message(report: Report) -> Reading | None:
    """Read Anthropic's form, whose kinds of input stand beside each other."""
    cached, written = (
        _part(report.get(name), at_most=_LARGEST_COUNT)
        for name in ("cache_read_input_tokens", "cache_creation_input_tokens")
    )
    fresh, output = _count(report.get("input_tokens")), _count(report.get("output_tokens"))
    if fresh is None or output is None or not fresh + cached.tokens + written.tokens:
        return None
    thought = _part(_named(report.get("output_tokens_details"), "thinking_tokens"), at_most=output)
    usage = Usage(fresh, cached.tokens, written.tokens, output, thought.tokens)
    return Reading(usage, cached.is_sound and written.is_sound and thought.is_sound)


def _duration(report: Report) -> Reading | None:
    """Read a transcript that is paid by its length: begun seconds count."""
    seconds = report.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    if not 0 < seconds <= _LARGEST_COUNT:
        return None
    return Reading(Usage(seconds=int(-(-seconds // 1))), is_sound=True)


def _whole(
    *, total_input: object, cached: object, written: object, output: object, reasoning: object
) -> Reading | None:
    """Take the parts of an input out of it; no prompt is empty: zero means that nobody counted."""
    total, completion = _count(total_input), _count(output)
    if not total or completion is None:
        return None
    from_cache = _part(cached, at_most=total)
    to_cache = _part(written, at_most=total - from_cache.tokens)
    thought = _part(reasoning, at_most=completion)
    fresh = total - from_cache.tokens - to_cache.tokens
    usage = Usage(fresh, from_cache.tokens, to_cache.tokens, completion, thought.tokens)
    return Reading(usage, from_cache.is_sound and to_cache.is_sound and thought.is_sound)


def _part(value: object, *, at_most: int) -> _Part:
    """Return a part of something: nothing when it is not there, the whole when it is larger."""
    if value is None:
        return _Part(0, is_sound=True)
    count = _count(value)
    if count is None:
        return _Part(0, is_sound=False)
    return _Part(min(count, at_most), is_sound=count <= at_most)


def _named(details: object, name: str) -> object:
    return details.get(name) if isinstance(details, Mapping) else None


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT:
        return None
    return value
