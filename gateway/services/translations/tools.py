"""Tools of the caller's: what they are, and whether the model may, must or must not use them."""

from typing import Any

from gateway.errors import FieldInvalid, Untranslatable
from gateway.services.translations.reading import Asked

# When the input of a tool is sent, not what is in it.
_HINTS = ("cache_control", "eager_input_streaming")
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_TYPES = {choice: kind for kind, choice in _CHOICES.items()}


def as_functions(asked: Asked) -> dict[str, Any]:
    """Return the fields of a chat request that say what a request for a message says of tools."""
    functions = [_function(tool) for tool in asked.each("tools")]
    choice = asked.find_part("tool_choice")
    return {"tools": functions} | _function_choice(choice) if functions else _function_choice(choice)


def as_tools(asked: Asked) -> dict[str, Any]:
    """Return the fields of a request for a message that say what a chat request says of tools."""
    tools = [_tool(function) for function in asked.each("tools")]
    choice = _tool_choice(asked)
    if asked.fields.get("parallel_tool_calls") is False and tools:
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice["disable_parallel_tool_use"] = True
    return ({"tools": tools} if tools else {}) | ({"tool_choice": choice} if choice else {})


def _function(tool: Asked) -> dict[str, Any]:
    """Return a tool as a function; a tool that an upstream runs, or knows by its name, has no counterpart."""
    if tool.fields.get("type") not in (None, "custom"):
        raise Untranslatable(tool.place)
    tool.unless("allowed_callers", ["direct"])
    tool.only("type", "name", "description", "input_schema", "strict", "allowed_callers", *_HINTS)
    function = {"name": tool.text("name"), "parameters": tool.part("input_schema").fields}
    for name in ("description", "strict"):
        if tool.fields.get(name):
            function[name] = tool.fields[name]
    return {"type": "function", "function": function}


def _function_choice(choice: Asked | None) -> dict[str, Any]:
    if choice is None:
        return {}
    choice.only("type", "name", "disable_parallel_tool_use")
    kind = choice.fields.get("type")
    fields: dict[str, Any] = {}
    if kind == "tool":
        fields["tool_choice"] = {"type": "function", "function": {"name": choice.text("name")}}
    elif isinstance(kind, str) and kind in _CHOICES:
        fields["tool_choice"] = _CHOICES[kind]
    else:
        raise FieldInvalid(choice.place_of("type"), "auto, any, tool or none")
    if choice.fields.get("disable_parallel_tool_use"):
        fields["parallel_tool_calls"] = False
    return fields


def _tool(tool: Asked) -> dict[str, Any]:
    """Return a function as a tool; one without parameters takes an empty object."""
    if tool.fields.get("type") != "function":
        raise Untranslatable(tool.place)
    tool.only("type", "function", "cache_control")
    function = tool.part("function")
    function.only("name", "description", "parameters", "strict")
    parameters = function.find_part("parameters")
    schema = {"type": "object", **(parameters.fields if parameters else {})}
    fields = {"name": function.text("name"), "input_schema": schema}
    for source, name in ((function, "description"), (function, "strict"), (tool, "cache_control")):
        if source.fields.get(name):
            fields[name] = source.fields[name]
    return fields


def _tool_choice(asked: Asked) -> dict[str, Any] | None:
    choice = asked.fields.get("tool_choice")
    if choice is None:
        return None
    if isinstance(choice, str):
        if choice not in _TYPES:
            raise FieldInvalid("tool_choice", "auto, required, none or a function")
        return {"type": _TYPES[choice]}
    named = asked.part("tool_choice")
    if named.fields.get("type") != "function":  # a choice among some of the tools, or a tool of another kind
        raise Untranslatable(named.place)
    named.only("type", "function")
    return {"type": "tool", "name": named.part("function").text("name")}
