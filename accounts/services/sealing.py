"""Sealed boxes: secrets that must be read again, such as an upstream's key or a batch of codes.

AES-256-GCM. A box opens only in its ``context``, the name of the place that it lies in
(``gateway.channel|primary``), so a box copied to another row stays shut. It carries the version of its key
in front: two bytes of version, twelve of nonce, then the ciphertext with its tag.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from accounts.errors import SealBroken

VERSION_BYTES = 2
NONCE_BYTES = 12


def seal(plaintext: bytes, *, context: str) -> bytes:
    """Encrypt ``plaintext`` under the newest key; two seals of the same text differ."""
    version, key = next(iter(settings.SEALING_KEYS.items()))
    nonce = os.urandom(NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, plaintext, context.encode())
    return version.to_bytes(VERSION_BYTES, "big") + nonce + ciphertext


def unseal(sealed: bytes, *, context: str) -> bytes:
    """Decrypt what `seal` made in the same ``context``; anything else raises SealBroken."""
    version = int.from_bytes(sealed[:VERSION_BYTES], "big")
    nonce = sealed[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES]
    ciphertext = sealed[VERSION_BYTES + NONCE_BYTES :]
    try:
        return AESGCM(settings.SEALING_KEYS[version]).decrypt(nonce, ciphertext, context.encode())
    except (InvalidTag, KeyError, ValueError):  # changed or moved; key gone; cut short
        raise SealBroken from None
