"""Why an answer ended, in the words of either protocol."""

from gateway.errors import AnswerBroken

_STOP_REASONS = {"length": "max_tokens", "content_filter": "refusal"}
# How some upstreams say that they failed in the middle of a sentence.
_FAILURES = ("error", "insufficient_system_resource")
_FINISH_REASONS = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def stop_reason(finish_reason: str, *, calls_tools: bool, is_refusal: bool) -> str:
    """Return why a message stopped. Some upstreams say "stop" where tools are called, too."""
    if finish_reason in _FAILURES:
        raise AnswerBroken
    if is_refusal:
        return "refusal"
    return _STOP_REASONS.get(finish_reason) or ("tool_use" if calls_tools else "end_turn")


def finish_reason(stop_reason: str) -> str:
    """Return why a completion finished; a stop sequence is a stop like any other there."""
    return _FINISH_REASONS.get(stop_reason, "stop")
