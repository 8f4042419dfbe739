"""NowPayments' signature of what it tells by itself."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator

from billing.providers.nowpayments import javascript

_SHA512 = re.compile("[0-9a-f]{128}")


def ipn_is_genuine(body: bytes, *, signature: str, secrets: Iterable[str]) -> bool:
    """Say whether ``signature`` was made of this content with one of the secrets, none of which is empty.

    These very bytes are tried first, as real bodies arrive in the form that is signed. Then the two forms in
    which JavaScript may have signed what was sent in another: NowPayments' own texts differ about arrays.
    """
    claimed = signature.strip().lower()
    if not _SHA512.fullmatch(claimed):
        return False
    keys = [secret.encode() for secret in secrets if secret]
    return any(
        hmac.compare_digest(hmac.new(key, text, hashlib.sha512).hexdigest(), claimed)
        for text in _signed_texts(body)
        for key in keys
    )


def _signed_texts(body: bytes) -> Iterator[bytes]:
    yield body
    try:
        said = javascript.parse(body)
        yield javascript.stringify(said).encode()
        yield javascript.stringify(javascript.with_arrays_as_objects(said)).encode()
    except (ValueError, RecursionError):  # no JSON, or what no JavaScript would have sent
        return
