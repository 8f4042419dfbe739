"""Who calls: the API key in a call's headers, in any of the places where clients put it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts.errors import MalformedKey
from accounts.services import api_keys, keyed_hash
from gateway.errors import KeyMalformed, KeyMissing

_OTHER_HEADERS = (b"x-api-key", b"api-key")
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key that a caller claims to hold, and the hashes that can prove it, newest pepper first."""

    key_id: str
    secret_hashes: Sequence[bytes] = field(repr=False)


def read(headers: Mapping[bytes, bytes]) -> Credentials:
    """Return the caller's credentials; a mistyped key is refused here, without a query."""
    try:
        key = api_keys.parse(_key_text(headers))
    except MalformedKey:
        raise KeyMalformed from None
    hashes = keyed_hash.candidates(keyed_hash.API_KEY, key.secret)
    return Credentials(key.key_id, [candidate.value for candidate in hashes])


def _key_text(headers: Mapping[bytes, bytes]) -> str:
    scheme, _, after_scheme = _text(headers, b"authorization").partition(" ")
    authorization = after_scheme.strip() if scheme.lower() == _SCHEME else _text(headers, b"authorization")
    found = next(filter(None, [authorization, *(_text(headers, name) for name in _OTHER_HEADERS)]), None)
    if found is None:
        raise KeyMissing
    return found


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip()
