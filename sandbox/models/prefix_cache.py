"""The simulated prefix cache: which openings of conversations the model has read before."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from sandbox.models.asked import Asked, Section


class Input(NamedTuple):
    """Tokens of a prompt: all of them, those read from the cache, and those written to it."""

    total: int
    cached: int
    written: int


class PrefixCache:
    """Knows openings by hashes under a key of this process; a text cannot be read back from it."""

    def __init__(self, *, capacity: int = 100_000) -> None:
        self._key = secrets.token_bytes(32)
        self._capacity = capacity
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def read(self, asked: Asked) -> Input:
        """Count the prompt of ``asked``, and know all of it that is cacheable from now on.

        The longest opening that was known is read, the rest of what is cacheable is written.
        """
        cacheable = asked.prompt[: asked.cacheable]
        cached = self._learn(asked.model, cacheable)
        written = sum(section.tokens for section in cacheable) - cached
        return Input(sum(section.tokens for section in asked.prompt), cached, written)

    def _learn(self, model: str, opening: Sequence[Section]) -> int:
        so_far = self._hash(model.encode())
        tokens = known_tokens = 0
        for section in opening:
            so_far = self._hash(so_far + section.content)
            tokens += section.tokens
            if so_far in self._known:
                known_tokens = tokens
                self._known.move_to_end(so_far)
            self._known[so_far] = None
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return known_tokens

    def _hash(self, content: bytes) -> bytes:
        return blake2b(content, key=self._key, digest_size=16).digest()
