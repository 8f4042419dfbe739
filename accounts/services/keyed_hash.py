"""Keyed hashes: how a secret is found again without being stored.

HMAC-SHA256 under a pepper that lives outside the database. Each purpose hashes apart from the others, so
a hash stolen from one table says nothing about another. Peppers are versioned, newest first: what is new
is hashed under the newest, what is old is looked for under every one that is left.
"""

import hmac
from dataclasses import dataclass

from django.conf import settings

API_KEY = "api-key"
CODE = "code"
ATTEMPT = "attempt"
ORDER_NUMBER = "order-number"
BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class KeyedHash:
    """The 32 bytes that stand for a text, and the version of the pepper that they were made with."""

    version: int
    value: bytes


def digest(purpose: str, text: str) -> KeyedHash:
    """Return the hash to store for ``text``: the one under the newest pepper."""
    version = next(iter(settings.KEY_PEPPERS))
    return _under(version, purpose, text)


def candidates(purpose: str, text: str) -> list[KeyedHash]:
    """Return every hash that ``text`` may be stored as, newest pepper first."""
    return [_under(version, purpose, text) for version in settings.KEY_PEPPERS]


def _under(version: int, purpose: str, text: str) -> KeyedHash:
    message = f"{purpose}\0{text}".encode()
    return KeyedHash(version, hmac.digest(settings.KEY_PEPPERS[version], message, "sha256"))
