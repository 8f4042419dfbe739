"""API keys: made once, shown once, recognised for ever after by a keyed hash.

A key is ``sk-``, 12 symbols of key id, 32 of secret and 6 of checksum. The checksum is the CRC32 of all
before it, so a mistyped key is told from a wrong one without asking the database.
"""

import re
import secrets
import string
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.errors import KeyNotFound, MalformedKey
from accounts.models import ApiKey, Customer
from accounts.services import keyed_hash

PREFIX = "sk-"
# Base62, in this order: 0-9 stand for 0 to 9, A-Z for 10 to 35, a-z for 36 to 61.
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
KEY_ID_LENGTH = 12
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6

_SHAPE = re.compile(
    f"(?P<body>{PREFIX}"
    f"(?P<key_id>[0-9A-Za-z]{{{KEY_ID_LENGTH}}})"
    f"(?P<secret>[0-9A-Za-z]{{{SECRET_LENGTH}}}))"
    f"(?P<checksum>[0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at the only moment when its whole text is known."""

    api_key: ApiKey
    secret_text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """What a caller's text says: which key it claims to be, and the secret that has to prove it."""

    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Secret:
    """The whole text of a key, and what is kept of it."""

    text: str = field(repr=False)
    columns: Mapping[str, Any] = field(repr=False)


def create(customer: Customer, *, name: str, expires_at: datetime | None = None) -> IssuedKey:
    """Give ``customer`` a new key; its text is in the answer and nowhere else, ever again."""
    key_id = _random_symbols(KEY_ID_LENGTH)
    secret = _new_secret(key_id)
    api_key = ApiKey.objects.create(
        customer=customer, name=name, key_id=key_id, expires_at=expires_at, **secret.columns
    )
    return IssuedKey(api_key, secret.text)


def parse(text: str) -> ParsedKey:
    """Take a key apart without a query; raises MalformedKey when shape or checksum is wrong.

    CRC32 sees every change that fits in 32 neighbouring bits: each mistyped symbol, each swapped pair.
    """
    match = _SHAPE.fullmatch(text)
    if match is None or match["checksum"] != _checksum(match["body"]):
        raise MalformedKey
    return ParsedKey(match["key_id"], match["secret"])


def find(customer: Customer, api_key_pk: int) -> ApiKey:
    """Return one of ``customer``'s keys; a foreign or deleted one looks the same as none: KeyNotFound."""
    api_key = ApiKey.objects.listed().filter(customer=customer, pk=api_key_pk).first()
    if api_key is None:
        raise KeyNotFound
    return api_key


def disable(api_key: ApiKey) -> None:
    """Stop the key until somebody enables it; raises KeyNotFound when it was deleted meanwhile."""
    _change(api_key, state=ApiKey.State.DISABLED)


def enable(api_key: ApiKey) -> None:
    """Let a disabled key work again; raises KeyNotFound when it was deleted meanwhile."""
    _change(api_key, state=ApiKey.State.ACTIVE)


def rotate(api_key: ApiKey) -> IssuedKey:
    """Give the key a new secret; its old text works no longer, and all else about it stays as it was.

    The new text is in the answer and nowhere else. Raises KeyNotFound when the key was deleted meanwhile.
    """
    secret = _new_secret(api_key.key_id)
    _change(api_key, **secret.columns)
    return IssuedKey(api_key, secret.text)


def describe(api_key: ApiKey, *, name: str, expires_at: datetime | None) -> None:
    """Name the key anew and say until when it works; raises KeyNotFound when it was deleted meanwhile."""
    _change(api_key, name=name, expires_at=expires_at)


def revoke(api_key: ApiKey) -> None:
    """Delete the key for ever; its row stays, because the journal names it."""
    _change(api_key, state=ApiKey.State.REVOKED)


def _change(api_key: ApiKey, **columns: Any) -> None:
    # The condition is in the statement, so that nothing brings back a key that is being deleted right now.
    if not ApiKey.objects.listed().filter(pk=api_key.pk).update(**columns):
        raise KeyNotFound
    for column, value in columns.items():
        setattr(api_key, column, value)


def _new_secret(key_id: str) -> _Secret:
    secret = _random_symbols(SECRET_LENGTH)
    body = PREFIX + key_id + secret
    text = body + _checksum(body)
    hashed = keyed_hash.digest(keyed_hash.API_KEY, secret)
    columns = {"secret_hash": hashed.value, "pepper_version": hashed.version, "last_four": text[-4:]}
    return _Secret(text, columns)


def _random_symbols(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    rest, symbols = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        symbols = ALPHABET[digit] + symbols
    return symbols
