"""A request for a message, asked as a chat completion."""

from collections.abc import Mapping
from typing import Any

from gateway.errors import Untranslatable
from gateway.services.translations import chat_turns, efforts, identities, reading, tools
from gateway.services.translations.reading import Asked

# Fields that both protocols have, with one meaning.
_SAME = ("model", "max_tokens", "temperature", "top_p", "stream")
_TRANSLATED = (
    "system", "messages", "tools", "tool_choice", "stop_sequences", "metadata", "thinking", "output_config",
    "context_management", "service_tier", "speed",
)  # fmt: skip
# What changes no answer: marks for a cache that here needs none, and a question about that cache.
_HINTS = ("cache_control", "diagnostics")
# Which thoughts a model may forget. Upstreams of the other style keep or drop them by rules of their own.
_FORGETTING_THOUGHTS = "clear_thinking_20251015"


def request(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a chat completion that asks for what ``fields`` ask of the Messages API.

    Raises Untranslatable where a chat cannot ask for it, FieldInvalid where it is no such request. The
    caller replaces the model and the output limit.
    """
    asked = Asked(fields)
    asked.only(*_SAME, *_TRANSLATED, *_HINTS)
    asked.unless("service_tier", "auto", "standard_only")
    asked.unless("speed", "standard")
    _require_thoughts_alone_forgotten(asked)
    said = {
        **{name: fields[name] for name in _SAME if fields.get(name) is not None},
        "messages": chat_turns.of(asked),
        **tools.as_functions(asked),
        **_stop(asked),
        **_user(asked),
        **_thinking(asked),
        **_response_format(asked),
        **({"stream_options": {"include_usage": True}} if fields.get("stream") else {}),
    }
    return reading.writable(said)


def _require_thoughts_alone_forgotten(asked: Asked) -> None:
    management = asked.find_part("context_management")
    if management is None:
        return
    management.only("edits")
    for edit in management.each("edits"):
        if edit.fields.get("type") != _FORGETTING_THOUGHTS:
            raise Untranslatable(edit.place)


def _stop(asked: Asked) -> dict[str, Any]:
    sequences = asked.fields.get("stop_sequences")
    return {"stop": sequences} if sequences else {}


def _user(asked: Asked) -> dict[str, str]:
    metadata = asked.find_part("metadata")
    if metadata is None:
        return {}
    metadata.only("user_id")
    user_id = metadata.find_text("user_id")
    return {"user": identities.user(user_id)} if user_id else {}


def _thinking(asked: Asked) -> dict[str, str]:
    thinking = asked.find_part("thinking")
    if thinking is not None:  # how thoughts are displayed is no matter of the answer
        thinking.only("type", "budget_tokens", "display")
    return efforts.as_reasoning_effort(asked)


def _response_format(asked: Asked) -> dict[str, Any]:
    config = asked.find_part("output_config")
    if config is None:
        return {}
    config.only("effort", "format")
    wanted = config.find_part("format")
    if wanted is None:
        return {}
    if wanted.fields.get("type") != "json_schema":
        raise Untranslatable(wanted.place)
    wanted.only("type", "schema")
    schema = {"name": "answer", "schema": wanted.part("schema").fields, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
