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
    # Where the call comes from, for keys that may be used in some networks only; empty when unknown.
    client_address: str = ""


def read(headers: Mapping[bytes, bytes], *, client_address: str = "") -> Credentials:
    """Return the caller's credentials; a mistyped key is refused here, without a query."""
    try:
        key = api_keys.parse(_key_text(headers))
    except MalformedKey:
        raise KeyMalformed from None
    hashes = keyed_hash.candidates(keyed_hash.API_KEY, key.secret)
    return Credentials(key.key_id, [candidate.value for candidate in hashes], client_address)


def are_in(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a call carries anything in the place of a key: browsers do not."""
    return any(headers.get(name) for name in (b"authorization", *_OTHER_HEADERS))


def _key_text(headers: Mapping[bytes, bytes]) -> str:
    scheme, _, after_scheme = _text(headers, b"authorization").partition(" ")
    authorization = after_scheme.strip() if scheme.lower() == _SCHEME else _text(headers, b"authorization")
    found = next(filter(None, [authorization, *(_text(headers, name) for name in _OTHER_HEADERS)]), None)
    if found is None:
        raise KeyMissing
    return found


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip()
