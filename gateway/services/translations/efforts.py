"""How hard a model shall think, in the words of either protocol.

What a protocol does by default is left unsaid in the other. Claude Code asks every model for high effort and
for all the thinking there is room for, which is Anthropic's default; many models of OpenAI's style refuse to
hear of effort at all. So only a wish for less, or for more than that, is passed on.
"""

from typing import Any

from gateway.errors import FieldInvalid
from gateway.services.translations.reading import Asked

# Thinking of at most so many tokens is little, or some; more is as much as the model likes.
_LITTLE_TOKENS, _SOME_TOKENS = 4096, 16384
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_DEFAULT_EFFORT = "high"


def as_reasoning_effort(asked: Asked) -> dict[str, str]:
    """Return what a request for a message says of thinking and effort, in the field of a chat request."""
    config = asked.find_part("output_config")
    effort = config.find_text("effort") if config else None
    if config and effort is not None and effort not in _EFFORTS:
        raise FieldInvalid(config.place_of("effort"), ", ".join(_EFFORTS))
    effort = effort or _effort_of_budget(asked)
    return {} if effort == _DEFAULT_EFFORT else {"reasoning_effort": effort}


def as_output_effort(asked: Asked) -> dict[str, Any]:
    """Return the effort that a chat request asks for, as the fields of a request for a message."""
    effort = asked.find_text("reasoning_effort")
    if effort is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if effort == "minimal":
        effort = "low"
    if effort not in _EFFORTS:
        raise FieldInvalid("reasoning_effort", f"none, minimal, {', '.join(_EFFORTS)}")
    return {"output_config": {"effort": effort}}


def _effort_of_budget(asked: Asked) -> str:
    """Return the effort that a budget for thinking amounts to.

    Thinking that is adaptive or disabled is left to the upstream: it knows neither word, and models that do
    not think refuse even to be told not to.
    """
    thinking = asked.find_part("thinking")
    budget = thinking.fields.get("budget_tokens") if thinking else None
    if thinking is None or budget is None:
        return _DEFAULT_EFFORT
    if type(budget) is not int:
        raise FieldInvalid(thinking.place_of("budget_tokens"), "a whole number")
    if budget <= _LITTLE_TOKENS:
        return "low"
    return "medium" if budget <= _SOME_TOKENS else _DEFAULT_EFFORT
