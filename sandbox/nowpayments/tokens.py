"""Tokens: whoever signs in may list payments, for five minutes by everybody's clock."""

import base64
import secrets

from sandbox.clock import now_ms
from sandbox.nowpayments.errors import ApiError, no_token
from sandbox.nowpayments.settings import NowPaymentsSettings

LIFE_SECONDS = 5 * 60


class Tokens:
    """The tokens that were given out and have not ended; none outlives the sandbox."""

    def __init__(self, settings: NowPaymentsSettings) -> None:
        self._settings = settings
        self._ends_at: dict[str, int] = {}

    def give(self, email: object, password: object) -> str:
        """Return a new token for whoever knows both words; raises ApiError."""
        if (email, password) != (self._settings.email, self._settings.password):
            raise ApiError(403, "ACCESS_DENIED", "Incorrect email or password")
        parts = (base64.urlsafe_b64encode(secrets.token_bytes(24)).decode() for _ in range(3))
        token = ".".join(parts)
        self._ends_at[token] = now_ms() + LIFE_SECONDS * 1000
        return token

    def check(self, authorization: str) -> None:
        """Refuse a header without a token that is good now, by ApiError."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or self._ends_at.get(token, 0) < now_ms():
            raise no_token()
