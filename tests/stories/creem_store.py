"""The sandbox's Creem as its store's owner and its buyers reach it, outside a browser."""

from dataclasses import dataclass
from typing import Any

import requests

from tests.cluster import Cluster
from tests.stories import books

PATIENCE_SECONDS = 60


@dataclass
class CreemStore:
    """Pays, and turns the switches of the sandbox's Creem."""

    cluster: Cluster

    def pay(self, reference: str, email: str = "guest@example.com") -> None:
        """Pay the order on its payment page, as a buyer who then closes the browser."""
        [(checkout,)] = books.query(
            self.cluster, "SELECT checkout_id FROM billing_order WHERE reference = %s", reference
        )
        self._post(f"checkouts/{checkout}/pay", {"email": email, "name": "A Buyer", "country": "US"})

    def dispute(self, transaction_id: str) -> None:
        """Have the buyer's bank ask for the money of a transaction back."""
        self._post(f"transactions/{transaction_id}/dispute", {})

    def act(self, subscription_id: str, act: str, **wish: Any) -> None:
        """Let that happen to a subscription: the sandbox's own words for it."""
        self._post(f"subscriptions/{subscription_id}/{act}", wish)

    def status_of(self, subscription_id: str) -> str:
        """Return what Creem says of a subscription."""
        url = f"{self.cluster.sandbox_url}/control/creem/subscriptions"
        with requests.get(url, timeout=PATIENCE_SECONDS) as answer:
            [status] = [each["status"] for each in answer.json() if each["id"] == subscription_id]
        assert isinstance(status, str)
        return status

    def webhooks(self, **handling: Any) -> None:
        """Say what the next events meet on their way; nothing said is as usual."""
        self._post("webhooks", handling)

    def api(self, **fault: Any) -> None:
        """Say what the next calls to the API meet; nothing said is as usual."""
        self._post("api", fault)

    def console(self, **fault: Any) -> None:
        """Say what the next calls to the key console meet; nothing said is as usual."""
        self._send("/control/console", fault)

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._send(f"/control/creem/{path}", body)

    def _send(self, path: str, body: dict[str, Any]) -> None:
        with requests.post(self.cluster.sandbox_url + path, json=body, timeout=PATIENCE_SECONDS) as answer:
            assert answer.status_code == 200, answer.text
