"""A key console of the One API family as an issuer of keys."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from billing.providers.errors import ProviderRefused, ProviderUnavailable, Reason
from billing.providers.json_api import Explanation, JsonApi
from billing.providers.key_issuer import ForeignKey, KeyWish
from billing.providers.patience import Patience

PREFIX = "sk-"
NEVER = -1

_TOKENS = "/api/token/"
_LONGEST_MESSAGE = 300
# A buyer waits for the key: a console that is slower than this is asked again later.
_PATIENCE = Patience(
    connect=timedelta(seconds=3), silence=timedelta(seconds=8), whole=timedelta(seconds=10), attempts=2
)


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


class KeyConsole:
    """A `KeyIssuer` behind HTTP. Threads may share an instance.

    ``before_asking`` is called before each request, and may forbid it by raising. The family answers most
    refusals with status 200 and ``"success": false``.
    """

    def __init__(
        self,
        *,
        url: str,
        access_token: str,
        patience: Patience = _PATIENCE,
        sleep: Callable[[timedelta], None] = _sleep,
        before_asking: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = JsonApi(
            url,
            headers={"Authorization": f"Bearer {access_token}"},
            explain=_explain,
            patience=patience,
            sleep=sleep,
            before_asking=before_asking,
        )

    def create(self, wish: KeyWish) -> ForeignKey:
        """Make a key: see `KeyIssuer`."""
        content = {
            "name": wish.name,
            "remain_quota": wish.quota,
            "unlimited_quota": False,
            "expired_time": NEVER,
        }
        said = self._api.post(_TOKENS, content, idempotency_key=wish.idempotency_key)
        return _key(f"POST {_TOKENS}", _done(f"POST {_TOKENS}", said))

    def find(self, name: str) -> list[ForeignKey]:
        """Return the keys of that name: see `KeyIssuer`."""
        operation = f"GET {_TOKENS}search"
        rows = _done(operation, self._api.get(f"{_TOKENS}search", {"keyword": name}))
        if not isinstance(rows, list):
            raise ProviderUnavailable(operation=operation, reason=Reason.GARBLED)
        return [_key(operation, row) for row in rows if isinstance(row, dict) and row.get("name") == name]

    def delete(self, key_id: str) -> None:
        """Delete a key: see `KeyIssuer`."""
        _done(f"DELETE {_TOKENS}", self._api.delete(_TOKENS + quote(key_id, safe="")))


def _done(operation: str, said: dict[str, Any]) -> Any:
    match said:
        case {"success": True}:
            return said.get("data")
        case {"success": False}:
            raise ProviderRefused(operation=operation, status=200, messages=_explain(said).messages)
        case _:
            raise ProviderUnavailable(operation=operation, reason=Reason.GARBLED)


def _key(operation: str, row: Any) -> ForeignKey:
    match row:
        case {"id": int(key_id), "key": str(key), "remain_quota": int(quota_left)} if key:
            return ForeignKey(id=str(key_id), text=PREFIX + key.removeprefix(PREFIX), quota_left=quota_left)
        case _:
            raise ProviderUnavailable(operation=operation, reason=Reason.GARBLED)


def _explain(said: Any) -> Explanation:
    message = said.get("message") if isinstance(said, dict) else None
    return Explanation(None, (message[:_LONGEST_MESSAGE],) if isinstance(message, str) and message else ())
