"""A buyer's wallet of coins, and what time does: the sandbox's NowPayments outside a browser."""

from dataclasses import dataclass
from typing import Any

import requests

from tests.cluster import Cluster
from tests.stories import books

PATIENCE_SECONDS = 60


@dataclass
class CoinWallet:
    """Sends coins to the address that an order shows."""

    cluster: Cluster
    reference: str

    def act(self, act: str) -> None:
        """Do what the sandbox's button of this name does: send exactly, too little, let it expire."""
        _post(self.cluster, f"payments/{self._payment_id()}/{act}", {})

    def send(self, amount: str) -> None:
        """Send so many coins."""
        _post(self.cluster, f"payments/{self._payment_id()}/deposit", {"amount": amount})

    def state(self) -> str:
        """Return how far the order got."""
        sql = "SELECT state FROM billing_order WHERE reference = %s"
        [(state,)] = books.query(self.cluster, sql, self.reference)
        return str(state)

    def _payment_id(self) -> str:
        [(payment_id,)] = books.query(
            self.cluster,
            "SELECT deposit.payment_id FROM billing_deposit AS deposit JOIN billing_order AS sale"
            "    ON sale.id = deposit.order_id"
            " WHERE sale.reference = %s AND deposit.parent_payment_id = '' ORDER BY deposit.id DESC LIMIT 1",
            self.reference,
        )
        return str(payment_id)


@dataclass
class CoinProvider:
    """Turns the switches of the sandbox's NowPayments."""

    cluster: Cluster

    def api(self, **fault: Any) -> None:
        """Say what the next calls to the API meet; nothing said is as usual."""
        _post(self.cluster, "api", fault)

    def notifications(self, **handling: Any) -> None:
        """Say what the next notifications meet on their way; nothing said is as usual."""
        _post(self.cluster, "ipns", handling)

    def wait_until_quiet(self) -> None:
        """Wait until no coins and no notifications are on their way."""
        url = f"{self.cluster.sandbox_url}/control/nowpayments/notifications"
        with requests.get(url, params={"wait": PATIENCE_SECONDS}, timeout=2 * PATIENCE_SECONDS) as answer:
            assert answer.status_code == 200, answer.text


def _post(cluster: Cluster, path: str, body: dict[str, Any]) -> None:
    url = f"{cluster.sandbox_url}/control/nowpayments/{path}"
    with requests.post(url, json=body, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status_code == 200, answer.text
