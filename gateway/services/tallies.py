"""What an answer has shown so far: the usage that was reported, and the text, for the case that none is."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.services import tokenizer, usage
from gateway.services.usage import Usage

LONGEST_UPSTREAM_ID = 80
# Most answers are shorter and are never counted here; no answer may fill the memory.
_LONGEST_UNCOUNTED_BYTES = 256 * 1024
# Fields of a message that are no output of the model.
_FRAMEWORK = frozenset({"role", "id", "type"})


class Tally:
    """Watches one answer, whole or chunk by chunk."""

    def __init__(self) -> None:
        self.has_begun = False
        self.usage: Usage | None = None
        self.upstream_id = ""
        # By choice, because tokens of parallel choices arrive mixed; as bytes, because calls are many.
        self._texts: dict[int, bytearray] = {}
        self._tokens_counted = 0

    def note(self, piece: Mapping[str, Any]) -> None:
        """Take in an answer, or a chunk of it. Who reports usage more than once reports the sum so far."""
        self.has_begun = True
        self.usage = usage.read(piece.get("usage")) or self.usage
        if not self.upstream_id and isinstance(piece.get("id"), str):
            self.upstream_id = piece["id"][:LONGEST_UPSTREAM_ID]
        for position, choice in enumerate(_objects(piece.get("choices"))):
            index = choice.get("index")
            said = self._texts.setdefault(index if isinstance(index, int) else position, bytearray())
            for text in _strings(choice.get("delta") or choice.get("message")):
                said += text.encode()
            if len(said) > _LONGEST_UNCOUNTED_BYTES:
                self._count(said)

    def count_output(self) -> int:
        """Return how many tokens of output were seen, by our own count."""
        for said in self._texts.values():
            self._count(said)
        return self._tokens_counted

    def _count(self, said: bytearray) -> None:
        self._tokens_counted += tokenizer.count(said.decode())
        said.clear()


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
