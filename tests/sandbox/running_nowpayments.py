"""The local NowPayments of a running sandbox, as the shop, its buyers and the merchant reach it."""

import hmac
from typing import Any

import requests

from tests.sandbox.receiver import Delivery
from tests.sandbox.running import RunningSandbox

API_KEY = "SANDBOX-0000000-0000000-0000000"
IPN_SECRET = "ipn-sandbox"
EMAIL, PASSWORD = "merchant@example.com", "sandbox"
# Half a minute passes in 25 ms, and seven days in eight minutes.
CLOCK_SCALE = 1_200
OPTIONS = (f"--nowpayments-clock-scale={CLOCK_SCALE}",)


class RunningNowPayments:
    """Asks a sandbox that was started with `OPTIONS`."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.url = f"{sandbox.url}/nowpayments"
        self.ipn_url = ""

    def api(self, method: str, path: str, *, key: str = API_KEY, **options: Any) -> requests.Response:
        headers = {"x-api-key": key, **options.pop("headers", {})}
        return self.sandbox.request(method, f"/nowpayments/v1{path}", headers=headers, **options)

    def wish(self, **fields: Any) -> dict[str, Any]:
        """Return a request for 25 USD; ``fields`` add to it or replace it, and with None take from it."""
        usual = {"price_amount": 25, "price_currency": "usd", "order_id": "ref-1"}
        address = {"ipn_callback_url": self.ipn_url} if self.ipn_url else {}
        return {name: value for name, value in {**usual, **address, **fields}.items() if value is not None}

    def payment(self, **fields: Any) -> dict[str, Any]:
        """Open a payment in Tether, or as ``fields`` say."""
        answer = self.api("POST", "/payment", json=self.wish(**{"pay_currency": "usdttrc20", **fields}))
        return as_object(answer, status=201)

    def invoice(self, **fields: Any) -> dict[str, Any]:
        return as_object(self.api("POST", "/invoice", json=self.wish(**fields)), status=201)

    def get(self, payment_id: str | int) -> dict[str, Any]:
        return as_object(self.api("GET", f"/payment/{payment_id}"))

    def listed(self, **query: Any) -> dict[str, Any]:
        return as_object(self.api("GET", "/payment/", params=query, headers=self.token()))

    def token(self) -> dict[str, str]:
        """Sign in, and return the header that says so."""
        answer = self.api("POST", "/auth", json={"email": EMAIL, "password": PASSWORD})
        return {"Authorization": f"Bearer {as_object(answer)['token']}"}

    def act(self, payment: dict[str, Any], act: str) -> dict[str, Any]:
        """Press a button, and return the payment that it came to when all has come to rest."""
        answer = self.control(f"/payments/{payment['payment_id']}/{act}")
        return self._come_to(answer)

    def deposit(self, payment: dict[str, Any], amount: str, **coin: str) -> dict[str, Any]:
        answer = self.control(f"/payments/{payment['payment_id']}/deposit", {"amount": amount, **coin})
        return self._come_to(answer)

    def keep(self, told: bytes) -> None:
        """Have a payment as a notification tells it, with nobody told."""
        assert self.sandbox.request("POST", "/control/nowpayments/payments", data=told).ok

    def paid(self, act: str = "exact", **fields: Any) -> dict[str, Any]:
        """Open a payment, pay it, and return it as the API has it in the end."""
        return self.act(self.payment(**fields), act)

    def control(self, path: str, order: Any = None) -> requests.Response:
        return self.sandbox.request(
            "POST", f"/control/nowpayments{path}", json={} if order is None else order
        )

    def handle(self, **order: Any) -> None:
        """Say what the next notifications meet on their way."""
        assert self.control("/ipns", order).ok

    def spell(self, **order: Any) -> None:
        """Say how the next notifications are written."""
        assert self.control("/ipns/spelling", order).ok

    def fail(self, **order: Any) -> None:
        """Say what the next calls to the API meet."""
        assert self.control("/api", order).ok

    def choose(self, **rules: Any) -> None:
        """Set the rules of the merchant."""
        assert self.control("/rules", rules).ok

    def notifications(self, *, wait: int = 10) -> list[dict[str, Any]]:
        """Return all notifications, once nothing moves."""
        path = "/control/nowpayments/notifications"
        notifications = self.sandbox.request("GET", path, params={"wait": wait}).json()
        assert isinstance(notifications, list)
        return notifications

    def traffic(self, *, since: int = 0) -> list[dict[str, Any]]:
        path = "/control/nowpayments/traffic"
        entries = self.sandbox.request("GET", path, params={"since": since}).json()
        assert isinstance(entries, list)
        return entries

    def leave_as_found(self) -> None:
        self.fail()
        self.handle()
        self.spell()
        self.choose()
        self.ipn_url = ""

    def _come_to(self, answer: requests.Response) -> dict[str, Any]:
        payment_id = as_object(answer)["id"]
        self.notifications()
        return self.get(payment_id)


def as_object(answer: requests.Response, *, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert isinstance(body, dict)
    return body


def ipn_signature(signed: bytes) -> str:
    return hmac.new(IPN_SECRET.encode(), signed, "sha512").hexdigest()


def in_order(deliveries: list[Delivery]) -> list[Delivery]:
    """Return notifications in the order of what they tell: one can overtake another on its way."""
    return sorted(deliveries, key=lambda delivery: delivery.event.get("updated_at", 0))
