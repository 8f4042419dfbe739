"""The local Creem of a running sandbox, as the shop, its buyers and the store's owner reach it."""

import hashlib
import hmac
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.sandbox.running import RunningSandbox

API_KEY = "creem_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"
# Half an hour passes in 50 ms.
CLOCK_SCALE = 36_000
PRODUCTS = (
    '[{"id": "prod_standard", "name": "Standard", "price": 1000, "currency": "USD"},'
    ' {"id": "prod_dollar", "name": "Credit", "price": 100, "currency": "USD"},'
    ' {"id": "prod_taxed", "name": "Taxed", "price": 1000, "currency": "EUR", "tax_mode": "exclusive"},'
    ' {"id": "prod_monthly", "name": "Monthly", "price": 500, "currency": "USD",'
    '  "billing_type": "recurring", "billing_period": "every-month"},'
    ' {"id": "prod_yearly", "name": "Yearly", "price": 5000, "currency": "USD",'
    '  "billing_type": "recurring", "billing_period": "every-year"},'
    ' {"id": "prod_trial", "name": "Trial", "price": 500, "currency": "USD", "trial_days": 7,'
    '  "billing_type": "recurring", "billing_period": "every-month"}]'
)
OPTIONS = (f"--creem-clock-scale={CLOCK_SCALE}", f"--creem-products={PRODUCTS}")
SUCCESS_URL = "http://shop.example/orders/abc"


class RunningCreem:
    """Asks a sandbox that was started with `OPTIONS`."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.url = f"{sandbox.url}/creem"

    def api(self, method: str, path: str, *, key: str = API_KEY, **options: Any) -> requests.Response:
        return self.sandbox.request(method, f"/creem/v1{path}", headers={"x-api-key": key}, **options)

    def checkout(self, **fields: Any) -> dict[str, Any]:
        """Open a checkout for the standard product; ``fields`` add to the request or replace it."""
        body = {"product_id": "prod_standard", "success_url": SUCCESS_URL, "request_id": "ref-1", **fields}
        return as_object(self.api("POST", "/checkouts", json=body))

    def get_checkout(self, checkout_id: str) -> dict[str, Any]:
        return as_object(self.api("GET", "/checkouts", params={"checkout_id": checkout_id}))

    def submit(self, checkout: dict[str, Any], act: str = "pay", **typed: str) -> requests.Response:
        """Press a button on the pay page, as a browser that does not follow the way back."""
        form = {"email": "buyer@example.com", "name": "A Buyer", "country": "US", "act": act, **typed}
        path = urlsplit(checkout["checkout_url"]).path
        return self.sandbox.request("POST", path, data=form, allow_redirects=False)

    def page(self, checkout: dict[str, Any]) -> requests.Response:
        return self.sandbox.request("GET", urlsplit(checkout["checkout_url"]).path)

    def paid(self, **fields: Any) -> dict[str, Any]:
        """Open a checkout, pay it, and return it as the API has it then."""
        checkout = self.checkout(**fields)
        assert self.submit(checkout).status_code == 303
        return self.get_checkout(checkout["id"])

    def subscribed(self, *, country: str = "US", seconds_ago: int = 0, **fields: Any) -> dict[str, Any]:
        """Open a checkout for something recurring, pay it, and return the subscription."""
        checkout = self.checkout(**{"product_id": "prod_monthly", **fields})
        paying = {"email": "buyer@example.com", "country": country, "seconds_ago": seconds_ago}
        assert self.control(f"/checkouts/{checkout['id']}/pay", paying).ok
        return self.subscription(self.get_checkout(checkout["id"])["subscription"]["id"])

    def subscription(self, subscription_id: str) -> dict[str, Any]:
        return as_object(self.api("GET", "/subscriptions", params={"subscription_id": subscription_id}))

    def make(self, subscription: dict[str, Any], act: str, **wish: Any) -> dict[str, Any]:
        """Let that happen to a subscription, and return what it is then."""
        answer = self.control(f"/subscriptions/{subscription['id']}/{act}", wish)
        assert answer.ok, answer.text
        return self.subscription(subscription["id"])

    def control(self, path: str, order: Any = None) -> requests.Response:
        return self.sandbox.request("POST", f"/control/creem{path}", json={} if order is None else order)

    def send_webhooks_to(self, url: str) -> None:
        assert self.control("/webhooks/url", {"url": url}).ok

    def handle(self, **order: Any) -> None:
        """Say what the next events meet on their way."""
        assert self.control("/webhooks", order).ok

    def fail(self, **order: Any) -> None:
        """Say what the next calls to the API meet."""
        assert self.control("/api", order).ok

    def events(self, *, wait: int = 10) -> list[dict[str, Any]]:
        """Return all events, once none is on its way."""
        events = self.sandbox.request("GET", "/control/creem/events", params={"wait": wait}).json()
        assert isinstance(events, list)
        return events

    def traffic(self, *, since: int = 0) -> list[dict[str, Any]]:
        entries = self.sandbox.request("GET", "/control/creem/traffic", params={"since": since}).json()
        assert isinstance(entries, list)
        return entries

    def leave_as_found(self) -> None:
        self.fail()
        self.handle()
        self.send_webhooks_to("")


def as_object(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert isinstance(body, dict)
    return body


def webhook_signature(body: bytes) -> str:
    return hmac.new(WEBHOOK_SECRET.encode(), body, "sha256").hexdigest()


def redirect_signature(location: str) -> str:
    """Return what the signature of this redirect has to be, worked out from its raw query."""
    signed, _ = re.fullmatch(r"[^?]*\?(.*)&signature=(.*)", location).groups()  # type: ignore[union-attr]
    return hashlib.sha256(f"{signed.replace('&', '|')}|salt={API_KEY}".encode()).hexdigest()
