"""The simulated prefix cache: which openings of conversations the model has read before."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

from sandbox.chat_request import Section


class PrefixCache:
    """Knows openings by hashes under a key of this process; a text cannot be read back from it."""

    def __init__(self, *, capacity: int = 100_000) -> None:
        self._key = secrets.token_bytes(32)
        self._capacity = capacity
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def learn(self, model: str, prompt: Sequence[Section]) -> int:
        """Return the tokens of the longest known opening of ``prompt``, and know all of it from now on."""
        opening = self._hash(model.encode())
        tokens = known_tokens = 0
        for section in prompt:
            opening = self._hash(opening + section.content)
            tokens += section.tokens
            if opening in self._known:
                known_tokens = tokens
                self._known.move_to_end(opening)
            self._known[opening] = None
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return known_tokens

    def _hash(self, content: bytes) -> bytes:
        return blake2b(content, key=self._key, digest_size=16).digest()
