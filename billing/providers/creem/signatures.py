"""Creem's two signatures: of a webhook, and of the redirect after a payment."""

import hashlib
import hmac
from collections.abc import Sequence

# The order in which Creem is known to sign, whatever became of the address on its way.
_SIGNING_ORDER = ("request_id", "checkout_id", "order_id", "customer_id", "subscription_id", "product_id")


def webhook_is_genuine(body: bytes, *, signature: str, secret: str) -> bool:
    """Say whether ``signature`` is the HMAC of these very bytes. Under an empty secret nothing is."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and _are_equal(expected, signature)


def redirect_is_genuine(query: Sequence[tuple[str, str]], *, api_key: str) -> bool:
    """Say whether Creem signed the decoded ``query`` of a redirect, given in its order.

    The signature is a plain hash salted with the API key, and names no amount: it is good for a thank you.
    """
    signature = dict(query).get("signature", "")
    signed = [(name, value) for name, value in query if name != "signature" and value not in {"", "null"}]
    usual = [(name, dict(signed)[name]) for name in _SIGNING_ORDER if name in dict(signed)]
    return any(_are_equal(_redirect_signature(pairs, api_key), signature) for pairs in (signed, usual))


def _redirect_signature(pairs: Sequence[tuple[str, str]], api_key: str) -> str:
    text = "|".join(f"{name}={value}" for name, value in [*pairs, ("salt", api_key)])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _are_equal(expected: str, claimed: str) -> bool:
    return hmac.compare_digest(expected.encode(), claimed.encode(errors="replace"))
