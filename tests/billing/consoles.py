"""The sandbox's key console, as the shop uses it and as somebody looks at it from outside."""

from dataclasses import dataclass
from typing import Any

import requests

from tests.sandbox.running import RunningSandbox

TOKEN = "sandbox-console-token"


@dataclass(frozen=True)
class RunningConsole:
    """Its keys, and the switch that makes it fail."""

    sandbox: RunningSandbox

    @property
    def url(self) -> str:
        return f"{self.sandbox.url}/console"

    def keys(self, name: str) -> list[dict[str, Any]]:
        """Return the keys of that name that are not deleted."""
        found = self._call("GET", "search", params={"keyword": name}).json()["data"]
        assert isinstance(found, list)
        return found

    def delete(self, key_id: str) -> None:
        """Delete a key, as somebody at the console would."""
        assert self._call("DELETE", key_id).json()["success"]

    def make(self, name: str, *, under: str, quota: int) -> None:
        """Make a key, as a request of ours would that arrives late."""
        wishes = {"name": name, "remain_quota": quota, "unlimited_quota": False, "expired_time": -1}
        self._call("POST", "", json=wishes, headers={"Idempotency-Key": under})

    def fail(self, **order: Any) -> None:
        """Have the next calls meet a fault; without any, end all faults."""
        assert self.sandbox.request("POST", "/control/console", json=order).ok

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        return self.sandbox.request(method, f"/console/api/token/{path}", headers=headers, **options)
