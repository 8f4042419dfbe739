"""The frames of a stream by what they mean, in each protocol."""

from enum import Enum, auto
from typing import Any, NamedTuple

import orjson

from gateway.services import sse

_CHAT_END = b"[DONE]"
_EMPTY: dict[str, Any] = {}


class Mark(Enum):
    """What a frame is to the one who watches."""

    PIECE = auto()
    ERROR = auto()
    END = auto()
    # Comments, pings, and what cannot be read: passes, and means nothing.
    NOISE = auto()


class Event(NamedTuple):
    """A frame as it came, its meaning, and what it carries."""

    frame: bytes
    mark: Mark
    content: dict[str, Any]


def of_chat(frame: bytes) -> Event:
    """Read a frame of OpenAI's chats."""
    data = sse.data_of(frame)
    if data == _CHAT_END:
        return Event(frame, Mark.END, _EMPTY)
    chunk = _object(data)
    if chunk.get("error"):
        return Event(frame, Mark.ERROR, chunk)
    return Event(frame, Mark.PIECE if chunk else Mark.NOISE, chunk)


def of_messages(frame: bytes) -> Event:
    """Read a frame of Anthropic's messages, whose data names its own type."""
    content = _object(sse.data_of(frame))
    match content.get("type"):
        case "message_stop":
            return Event(frame, Mark.END, content)
        case "error":
            return Event(frame, Mark.ERROR, content)
        case "ping" | None:
            return Event(frame, Mark.NOISE, content)
        case _:
            return Event(frame, Mark.PIECE, content)


def _object(data: bytes) -> dict[str, Any]:
    """Return the object that ``data`` is; what is none is read as an empty one."""
    try:
        found = orjson.loads(data) if data else _EMPTY
    except orjson.JSONDecodeError:
        return _EMPTY
    return found if isinstance(found, dict) else _EMPTY
