"""A chat completion, asked as a request for a message."""

from collections.abc import Mapping
from typing import Any

from gateway.errors import FieldInvalid, Untranslatable
from gateway.services.translations import efforts, identities, message_turns, reading, tools
from gateway.services.translations.reading import Asked

# Fields that both protocols have, with one meaning.
_SAME = ("model", "temperature", "top_p", "stream")
_OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")
_TRANSLATED = (
    "messages", "tools", "tool_choice", "parallel_tool_calls", "stop", "response_format", "user",
    "safety_identifier", "reasoning_effort",
)  # fmt: skip
# What changes no answer: usage is always reported here, answers are not stored, so that notes on them mean
# nothing, and the rest are hints to a cache or at what the answer may look like.
_HINTS = (
    "stream_options", "metadata", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
    "prediction",
)  # fmt: skip
# What can only be asked for in the way in which it is so anyway.
_DEFAULTS: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "modalities": (["text"],),
    "service_tier": ("auto", "default"),
    "verbosity": ("medium",),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "top_logprobs": (0,),
}


def request(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request for a message that asks for what ``fields`` ask of a chat completion.

    Raises Untranslatable where a message cannot be asked for it, FieldInvalid where it is no such request.
    The caller replaces the model and the output limit, which messages cannot do without.
    """
    asked = Asked(fields)
    asked.only(*_SAME, *_OUTPUT_LIMITS, *_TRANSLATED, *_HINTS, *_DEFAULTS)
    for name, defaults in _DEFAULTS.items():
        asked.unless(name, *defaults)
    said = {
        **{name: fields[name] for name in _SAME if fields.get(name) is not None},
        **_max_tokens(asked),
        **message_turns.of(asked),
        **tools.as_tools(asked),
        **_stop_sequences(asked),
        **_metadata(asked),
        **_thinking_and_format(asked),
    }
    return reading.writable(said)


def _max_tokens(asked: Asked) -> dict[str, int]:
    limits = {name: asked.fields[name] for name in _OUTPUT_LIMITS if asked.fields.get(name) is not None}
    for name, limit in limits.items():
        if type(limit) is not int:
            raise FieldInvalid(name, "a whole number")
    return {"max_tokens": min(limits.values())} if limits else {}


def _stop_sequences(asked: Asked) -> dict[str, Any]:
    stop = asked.fields.get("stop")
    if not stop:
        return {}
    return {"stop_sequences": [stop] if isinstance(stop, str) else stop}


def _metadata(asked: Asked) -> dict[str, Any]:
    user = asked.find_text("safety_identifier") or asked.find_text("user")
    return {"metadata": {"user_id": identities.user(user)}} if user else {}


def _thinking_and_format(asked: Asked) -> dict[str, Any]:
    fields, wanted = efforts.as_output_effort(asked), _format(asked)
    if wanted is None:
        return fields
    return fields | {"output_config": {**fields.get("output_config", {}), "format": wanted}}


def _format(asked: Asked) -> dict[str, Any] | None:
    """Return the format of the answer. There is no way to ask for JSON alone, without a schema."""
    wanted = asked.find_part("response_format")
    if wanted is None:
        return None
    match wanted.fields.get("type"):
        case "text":
            return None
        case "json_schema":
            return {"type": "json_schema", "schema": wanted.part("json_schema").part("schema").fields}
        case "json_object":
            raise Untranslatable("response_format")
        case _:
            raise FieldInvalid(wanted.place_of("type"), "text, json_object or json_schema")
