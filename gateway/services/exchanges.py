"""One request to one channel: how the upstream is asked, and how its answer becomes the caller's.

Where both speak the same protocol, everything passes as it is. Otherwise the request is translated on its
way out and the answer on its way back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from gateway import models
from gateway.errors import AnswerBroken, NotServed
from gateway.providers.routes import Question, Route
from gateway.services import events
from gateway.services.events import Event, Mark
from gateway.services.model_requests import ModelRequest, Surface
from gateway.services.tallies import ChatTally, EmbeddingTally, MessageTally, Tally
from gateway.services.translations import (
    chat_answers,
    chat_to_messages,
    message_answers,
    messages_to_chat,
    thoughts,
)

OPENAI, ANTHROPIC = models.Protocol.OPENAI, models.Protocol.ANTHROPIC

Fields = Mapping[str, Any]


class View(Protocol):
    """What the caller sees of a stream."""

    def shown(self, event: Event) -> bytes:
        """Return what is to be seen of ``event``, perhaps nothing."""

    def end(self, last: Event) -> bytes:
        """Return what closes the stream."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """How one call goes to one upstream and comes back."""

    question: Question
    tally: Tally
    read_event: Callable[[bytes], Event]
    view: View
    translate: Callable[[Fields], Fields] | None = None

    @property
    def is_as_it_came(self) -> bool:
        """Tell whether the caller has the upstream's own bytes."""
        return self.translate is None

    def whole(self, body: bytes) -> bytes:
        """Take in a whole answer and return it as the caller is to have it."""
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise AnswerBroken from None
        if not isinstance(answer, dict) or not self.tally.is_answer(answer):
            raise AnswerBroken
        self.tally.note(answer)
        return body if self.translate is None else orjson.dumps(self.translate(answer))


def between(request: ModelRequest, route: Route, *, output_limit_tokens: int) -> Exchange:
    """Return how ``request`` goes over ``route``; raise what cannot go there."""
    body = request.for_upstream(
        model=route.model,
        output_limit_tokens=output_limit_tokens,
        output_limit_field=route.output_limit_field,
    )
    match request.surface, route.protocol:
        case Surface.CHAT, models.Protocol.OPENAI:
            view = _AsItCame(hides_usage=not request.shows_usage)
            return Exchange(_chat(request, body), ChatTally(), events.of_chat, view)
        case Surface.MESSAGES, models.Protocol.ANTHROPIC:
            question = _messages(request, _signed(body))
            return Exchange(question, MessageTally(), events.of_messages, _AsItCame())
        case Surface.EMBEDDINGS, models.Protocol.OPENAI:
            return Exchange(
                Question(path="/embeddings", body=body), EmbeddingTally(), events.of_chat, _AsItCame()
            )
        case Surface.MESSAGES, models.Protocol.OPENAI:
            return _messages_over_chat(request, body, route)
        case Surface.CHAT, models.Protocol.ANTHROPIC:
            return _chat_over_messages(request, body)
        case _:
            raise NotServed(request.model)


class _AsItCame:
    """The frames themselves, but for a usage chunk that nobody asked for."""

    def __init__(self, *, hides_usage: bool = False) -> None:
        self._hides_usage = hides_usage

    def shown(self, event: Event) -> bytes:
        is_usage_alone = bool(event.content.get("usage")) and event.content.get("choices") == []
        return b"" if self._hides_usage and is_usage_alone else event.frame

    def end(self, last: Event) -> bytes:
        return last.frame


class _Translator(Protocol):
    def feed(self, piece: Fields) -> bytes: ...

    def end(self) -> bytes: ...


class _Translated:
    """Frames of the caller's own protocol, made of what the upstream says in its."""

    def __init__(self, translator: _Translator) -> None:
        self._translator = translator

    def shown(self, event: Event) -> bytes:
        return self._translator.feed(event.content) if event.mark is Mark.PIECE else b""

    def end(self, last: Event) -> bytes:
        return self._translator.end()


def _messages_over_chat(request: ModelRequest, body: bytes, route: Route) -> Exchange:
    fields = messages_to_chat.request(orjson.loads(body))
    if route.output_limit_field:
        fields[route.output_limit_field] = fields.pop("max_tokens")
    return Exchange(
        _chat(request, orjson.dumps(fields)),
        ChatTally(),
        events.of_chat,
        _Translated(chat_answers.MessageEvents()),
        chat_answers.as_message,
    )


def _chat_over_messages(request: ModelRequest, body: bytes) -> Exchange:
    fields = chat_to_messages.request(orjson.loads(body))
    return Exchange(
        _messages(request, orjson.dumps(fields)),
        MessageTally(),
        events.of_messages,
        _Translated(message_answers.ChatChunks(shows_usage=request.shows_usage)),
        message_answers.as_completion,
    )


def _signed(body: bytes) -> bytes:
    """Return ``body`` as it is, unless thoughts of another upstream, which we told, are in it."""
    if thoughts.UNSIGNED.encode() not in body:
        return body
    return orjson.dumps(thoughts.without_unsigned(orjson.loads(body)))


def _chat(request: ModelRequest, body: bytes) -> Question:
    return Question(path="/chat/completions", body=body, is_stream=request.is_stream)


def _messages(request: ModelRequest, body: bytes) -> Question:
    return Question(path="/messages", body=body, is_stream=request.is_stream, headers=request.headers)
