"""The three secrets of a deployment, read and checked in one place.

`SECRET_KEY` signs cookies and links. `KEY_PEPPERS` hash API keys and codes. `SEALING_KEYS` encrypt what
must be shown again. The last two are rings, newest first, written ``2:<base64 of 32 bytes>,1:<...>``: a new
version is put in front, old ones stay until nothing uses them.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 32


class Secrets(NamedTuple):
    """What the settings need, in the order in which they unpack it."""

    secret_key: str
    key_peppers: dict[int, bytes]
    sealing_keys: dict[int, bytes]


def read_secrets(environment: Mapping[str, str]) -> Secrets:
    """Return the secrets of ``environment``; refuse to start when one is missing, empty or short."""
    return Secrets(
        _long_enough("SECRET_KEY", environment.get("SECRET_KEY", "")),
        _ring("KEY_PEPPERS", environment.get("KEY_PEPPERS", "")),
        _ring("SEALING_KEYS", environment.get("SEALING_KEYS", "")),
    )


def _long_enough(name: str, value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        raise ImproperlyConfigured(f"{name} must be set to at least {SHORTEST_SECRET} characters.")
    return value


def _ring(name: str, value: str) -> dict[int, bytes]:
    try:
        ring = dict(_versioned(part) for part in value.split(","))
    except (ValueError, Base64Error):
        ring = {}
    if not ring or any(len(key) != SHORTEST_SECRET for key in ring.values()):
        raise ImproperlyConfigured(
            f"{name} must be '<version>:<base64 of 32 bytes>', newest first, by commas."
        )
    return ring


def _versioned(part: str) -> tuple[int, bytes]:
    version, encoded = part.strip().split(":", 1)
    return int(version), b64decode(encoded, validate=True)
