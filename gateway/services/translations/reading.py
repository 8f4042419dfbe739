"""A request read together with the place where each thing stands, so that what is wrong can be named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import BodyUnreadable, FieldInvalid, Untranslatable

# What a field says that says nothing. Zero is not among them: it can be a seed, or a temperature.
_NOTHING: tuple[object, ...] = ("", [], {})


@dataclass(frozen=True, slots=True)
class Asked:
    """An object in a request, and its place there: ``messages[2].content[1]``."""

    fields: Mapping[str, Any]
    place: str = ""

    def place_of(self, name: str) -> str:
        """Return where the field ``name`` of this object stands."""
        return f"{self.place}.{name}" if self.place else name

    def only(self, *names: str) -> None:
        """Refuse any field that says something and is none of ``names``."""
        for name, value in self.fields.items():
            if name not in names and says_something(value):
                raise Untranslatable(self.place_of(name))

    def unless(self, name: str, *defaults: object) -> None:
        """Refuse the field ``name`` unless it says nothing, or one of ``defaults``."""
        value = self.fields.get(name)
        if says_something(value) and value not in defaults:
            raise Untranslatable(self.place_of(name))

    def text(self, name: str) -> str:
        """Return the text that the field ``name`` has to hold."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise FieldInvalid(self.place_of(name), "a text")
        return value

    def find_text(self, name: str) -> str | None:
        """Return the text in the field ``name``, if there is one."""
        return None if self.fields.get(name) is None else self.text(name)

    def part(self, name: str) -> "Asked":
        """Return the object that the field ``name`` has to hold."""
        return _object(self.fields.get(name), self.place_of(name))

    def find_part(self, name: str) -> "Asked | None":
        """Return the object in the field ``name``, if there is one."""
        return None if self.fields.get(name) is None else self.part(name)

    def each(self, name: str) -> "list[Asked]":
        """Return the objects in the list ``name``; none when there is no list."""
        values, place = self.fields.get(name), self.place_of(name)
        if values is None:
            return []
        if not isinstance(values, list):
            raise FieldInvalid(place, "a list")
        return [_object(value, f"{place}[{position}]") for position, value in enumerate(values)]

    def blocks(self, name: str = "content") -> "list[Asked]":
        """Return the content blocks in ``name``; in both protocols a bare text stands for one block."""
        value = self.fields.get(name)
        if isinstance(value, str):
            return [Asked({"type": "text", "text": value}, self.place_of(name))]
        return self.each(name)

    def json(self, name: str) -> str:
        """Return the object in the field ``name`` as JSON."""
        try:
            return orjson.dumps(self.part(name).fields).decode()
        except orjson.JSONEncodeError:  # nested deeper than anything that makes sense
            raise FieldInvalid(self.place_of(name), "an object of reasonable depth") from None


def says_something(value: object) -> bool:
    """Whether ``value`` differs from leaving its field out."""
    return value is not None and value is not False and value not in _NOTHING


def writable(fields: dict[str, Any]) -> dict[str, Any]:
    """Return ``fields``, which can be written as JSON: translating may nest deeper what was deep already."""
    try:
        orjson.dumps(fields)
    except orjson.JSONEncodeError:
        raise BodyUnreadable from None
    return fields


def _object(value: object, place: str) -> Asked:
    if not isinstance(value, Mapping):
        raise FieldInvalid(place, "an object")
    return Asked(value, place)
