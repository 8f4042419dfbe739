"""What an answer has shown so far: the usage that was reported, and the text, for the case that none is."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.services import tokenizer, usage
from gateway.services.usage import Reading

LONGEST_UPSTREAM_ID = 80
# Most answers are shorter and are never counted here; no answer may fill the memory.
_LONGEST_UNCOUNTED_BYTES = 256 * 1024
# Fields of a message that are no output of the model.
_FRAMEWORK = frozenset({"role", "id", "type", "index", "signature"})

Piece = Mapping[str, Any]


class Tally:
    """Watches one answer, whole or piece by piece. Each protocol has one of its own."""

    def __init__(self) -> None:
        self.has_begun = False
        # What the upstream counted, when it has said all of it.
        self.reading: Reading | None = None
        # What it counted as read, known before the rest in some protocols.
        self.input_reading: Reading | None = None
        self.upstream_id = ""
        # By choice, because tokens of parallel choices arrive mixed; as bytes, because calls are many.
        self._texts: dict[int, bytearray] = {}
        self._tokens_counted = 0

    def is_answer(self, whole: Piece) -> bool:
        """Tell whether ``whole`` is what such an upstream answers."""
        raise NotImplementedError

    def note(self, piece: Piece) -> None:
        """Take in an answer, or a piece of it."""
        raise NotImplementedError

    def count_output(self) -> int:
        """Return how many tokens of output were seen, by our own count."""
        for said in self._texts.values():
            self._count(said)
        return self._tokens_counted

    def _note_id(self, piece: Piece) -> None:
        if not self.upstream_id and isinstance(piece.get("id"), str):
            self.upstream_id = piece["id"][:LONGEST_UPSTREAM_ID]

    def _note_text(self, index: int, message: object) -> None:
        said = self._texts.setdefault(index, bytearray())
        for text in _strings(message):
            said += text.encode()
        if len(said) > _LONGEST_UNCOUNTED_BYTES:
            self._count(said)

    def _count(self, said: bytearray) -> None:
        self._tokens_counted += tokenizer.count(said.decode())
        said.clear()


class ChatTally(Tally):
    """Of OpenAI's chats. Who reports usage more than once reports the sum so far: the last word counts."""

    def is_answer(self, whole: Piece) -> bool:
        """Tell whether there are choices."""
        return bool(whole.get("choices"))

    def note(self, piece: Piece) -> None:
        """Take in a completion, or a chunk of it."""
        self.has_begun = True
        self.reading = usage.read(piece.get("usage")) or self.reading
        self._note_id(piece)
        for position, choice in enumerate(_objects(piece.get("choices"))):
            index = choice.get("index")
            message = choice.get("delta") or choice.get("message")
            self._note_text(index if isinstance(index, int) else position, message)


class EmbeddingTally(Tally):
    """Of embeddings, which have no words of their own."""

    def is_answer(self, whole: Piece) -> bool:
        """Tell whether there are vectors."""
        return bool(whole.get("data"))

    def note(self, piece: Piece) -> None:
        """Take in the answer."""
        self.has_begun = True
        self.reading = usage.read(piece.get("usage"))
        self._note_id(piece)


class MessageTally(Tally):
    """Of Anthropic's messages. A stream tells the input at its start and the sum of all near its end."""

    def __init__(self) -> None:
        super().__init__()
        self._reported: dict[str, Any] = {}

    def is_answer(self, whole: Piece) -> bool:
        """Tell whether there is content, be it empty."""
        return isinstance(whole.get("content"), list)

    def note(self, piece: Piece) -> None:
        """Take in a message, or an event of its stream."""
        self.has_begun = True
        match piece:
            case {"type": "message_start", "message": {} as message}:
                self._note_id(message)
                self.input_reading = self._read(message.get("usage"))
            case {"type": "content_block_start", "content_block": block}:
                self._note_text(0, block)
            case {"type": "content_block_delta", "delta": delta}:
                self._note_text(0, delta)
            case {"type": "message_delta"}:
                self.reading = self._read(piece.get("usage")) or self.reading
            case {"content": content}:
                self._note_id(piece)
                self._note_text(0, content)
                self.reading = self._read(piece.get("usage"))
            case _:
                pass

    def _read(self, report: object) -> Reading | None:
        """Read what was said so far: every later word replaces an earlier one, and none is added."""
        if not isinstance(report, Mapping):
            return None
        self._reported.update({name: value for name, value in report.items() if value is not None})
        return usage.read(self._reported)


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: object) -> Iterator[str]:
    """Yield every text within a message: content, reasoning, refusal, names and arguments of tool calls."""
    match value:
        case str():
            yield value
        case dict():
            for name, part in value.items():
                if name not in _FRAMEWORK:
                    yield from _strings(part)
        case list():
            for part in value:
                yield from _strings(part)
        case _:
            pass
