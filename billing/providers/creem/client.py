"""Creem as a payment provider."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from billing.providers import json_api
from billing.providers.creem import entities, signatures, translation
from billing.providers.creem.answers import Product, Transaction, read_product, read_transaction
from billing.providers.creem.entities import Entity, expanded, id_of, moment, text
from billing.providers.errors import (
    InvalidSignature,
    KeyRefused,
    NotKnownThere,
    ProviderRefused,
    ProviderUnavailable,
    Reason,
    WrongMode,
)
from billing.providers.facts import Fact, Mode, RefundState, SubscriptionChanged
from billing.providers.json_api import Explanation, JsonApi
from billing.providers.patience import Patience
from billing.providers.protocol import (
    CheckoutRequest,
    CheckoutState,
    CheckoutStatus,
    NewCheckout,
    WebhookEvent,
)

SIGNATURE_HEADER = "creem-signature"
LIVE_URL = "https://api.creem.io"
TEST_URL = "https://test-api.creem.io"

_PAGE_SIZE = 50
_WEB = ("https://", "http://")
_STATUSES = {"completed": CheckoutStatus.COMPLETED, "expired": CheckoutStatus.EXPIRED}


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


class Creem:
    """Our store at Creem: a `PaymentProvider`, and a few questions that only Creem answers.

    The environment is that of the API key. ``base_url`` is for a stand-in; one of Creem's must fit the key.
    ``before_asking`` is called before each request, and may forbid it by raising. Threads may share an
    instance.
    """

    name = translation.PROVIDER

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secret: str,
        base_url: str = "",
        patience: Patience = Patience(),  # noqa: B008 - frozen
        sleep: Callable[[timedelta], None] = _sleep,
        before_asking: Callable[[], None] = lambda: None,
    ) -> None:
        self._api_key = api_key.strip()
        self._webhook_secrets = webhook_secret.split()
        self.mode = _mode_of_key(self._api_key)
        self._api = JsonApi(
            _fitting(base_url, self.mode),
            headers={"x-api-key": self._api_key},
            explain=self._explain,
            patience=patience,
            sleep=sleep,
            before_asking=before_asking,
        )

    def create_checkout(self, request: CheckoutRequest) -> NewCheckout:
        """Make a page to pay on: see `PaymentProvider`."""
        operation = "POST /v1/checkouts"
        checkout = self._ours(operation, self._api.post("/v1/checkouts", _wish(request)))
        checkout_id, url = id_of(checkout), checkout.get("checkout_url")
        if checkout_id is None or not isinstance(url, str) or not url.startswith(_WEB):
            raise ProviderUnavailable(operation=operation, reason=Reason.GARBLED)
        return NewCheckout(id=checkout_id, url=url)

    def get_checkout(self, checkout_id: str) -> CheckoutState:
        """Ask what has become of a checkout: see `PaymentProvider`."""
        checkout = self._get("/v1/checkouts", checkout_id=checkout_id)
        status = _STATUSES.get(str(checkout.get("status")), CheckoutStatus.OPEN)
        fact = None
        if status is CheckoutStatus.COMPLETED:
            fact = translation.of_checkout(self._with_order(checkout))
        return CheckoutState(id=checkout_id, status=status, fact=fact)

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Verify a webhook: see `PaymentProvider`."""
        signature = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE_HEADER, "")
        genuine = (
            signatures.webhook_is_genuine(body, signature=signature, secret=secret)
            for secret in self._webhook_secrets
        )
        if not any(genuine):
            raise InvalidSignature(operation="webhook")
        envelope = expanded(json_api.parse(body))
        return WebhookEvent(
            id=text(envelope.get("id")) or f"sha256:{hashlib.sha256(body).hexdigest()}",
            kind=text(envelope.get("eventType")) or "unreadable",
            sent_at=moment(envelope.get("created_at")),
        )

    def read_fact(self, body: bytes) -> Fact:
        """Translate a webhook that was verified: see `PaymentProvider`."""
        return translation.of_event(expanded(json_api.parse(body)))

    def confirm(self, body: bytes) -> Fact:
        """Return what a webhook tells, for which Creem's signature is proof enough: see `PaymentProvider`.

        Creem is asked only about the payment for a subscription that was named and not described.
        """
        fact = self.read_fact(body)
        return translation.if_paid(self._described(fact)) if isinstance(fact, SubscriptionChanged) else fact

    def redirect_is_genuine(self, query: Sequence[tuple[str, str]]) -> bool:
        """Say whether Creem sent a buyer here with this ``query``, decoded and in its order.

        It proves that the buyer comes from there, never that anything is paid.
        """
        return signatures.redirect_is_genuine(query, api_key=self._api_key)

    def get_product(self, product_id: str) -> Product:
        """Ask what a product costs now; raises NotKnownThere also for one of the other environment."""
        return read_product(self._get("/v1/products", product_id=product_id))

    def customer_portal(self, customer_id: str) -> str:
        """Ask for the page on which a customer sees all purchases and invoices; good for a while only.

        Raises NotKnownThere for a customer of the other environment.
        """
        operation = "POST /v1/customers/billing"
        url = self._api.post("/v1/customers/billing", {"customer_id": customer_id}).get(
            "customer_portal_link"
        )
        if not isinstance(url, str) or not url.startswith(_WEB):
            raise ProviderUnavailable(operation=operation, reason=Reason.GARBLED)
        return url

    def search_transactions(
        self, *, customer_id: str = "", order_id: str = "", product_id: str = ""
    ) -> Iterator[Transaction]:
        """Yield the transactions that belong to all of these, newest first.

        Pages are asked for as they are needed. Creem has no dates to search by: stop at what is known.
        """
        wanted = {"customer_id": customer_id, "order_id": order_id, "product_id": product_id}
        given = {name: wish for name, wish in wanted.items() if wish}
        return map(read_transaction, self._transactions(**given))

    def get_transaction(self, transaction_id: str) -> Transaction:
        """Ask what became of a transaction, and what it was for."""
        answer = self._get("/v1/transactions", transaction_id=transaction_id)
        found = read_transaction(answer)
        if found.id != transaction_id:
            raise ProviderUnavailable(operation="GET /v1/transactions", reason=Reason.GARBLED)
        return found

    def get_subscription(self, subscription_id: str) -> SubscriptionChanged:
        """Ask what a subscription is now, and about the last payment for it: a change that is ASKED."""
        answer = self._get("/v1/subscriptions", subscription_id=subscription_id)
        return self._described(_told_of(subscription_id, answer, operation="GET /v1/subscriptions"))

    def cancel_subscription(self, subscription_id: str, *, at_once: bool) -> SubscriptionChanged:
        """End a subscription: at once, or with the period that is paid, until when it can be resumed.

        Returns what it is then. Done again it changes nothing, so that it may be repeated after
        ProviderUnavailable; so may pausing and resuming. The money of a period is not given back.
        """
        wish = {"mode": "immediate"} if at_once else {"mode": "scheduled", "onExecute": "cancel"}
        done = {translation.CANCELED} if at_once else {translation.CANCELED, "scheduled_cancel"}
        return self._tell(subscription_id, "cancel", wish, lambda fact: fact.status in done)

    def pause_subscription(self, subscription_id: str) -> SubscriptionChanged:
        """Have no more periods charged until it is resumed."""
        return self._tell(subscription_id, "pause", None, lambda fact: fact.status == "paused")

    def resume_subscription(self, subscription_id: str) -> SubscriptionChanged:
        """Go on with a subscription that is paused, or that ends with its period."""
        return self._tell(subscription_id, "resume", None, lambda fact: fact.status in {"active", "trialing"})

    def upgrade_subscription(self, subscription_id: str, *, product_id: str) -> SubscriptionChanged:
        """Have a subscription be one to another product from now on, the difference charged at once.

        It is asked once: after ProviderUnavailable, look at the subscription before asking again. Creem
        decides on period and amount, and tells both in the answer and by webhooks.
        """
        wish = {"product_id": product_id, "update_behavior": "proration-charge-immediately"}
        return self._tell(subscription_id, "upgrade", wish, lambda fact: fact.product_id == product_id)

    def refund(self, transaction_id: str) -> RefundState:
        """Give back all that is left of a transaction, and return how far that got.

        It is asked once: after ProviderUnavailable, look at the transaction before asking again. Creem has no
        way to give back a part of it.
        """
        answer = self._api.post("/v1/refunds", {"transaction_id": transaction_id})
        return translation.refund_state(text(answer.get("status")))

    def _tell(
        self,
        subscription_id: str,
        act: str,
        wish: dict[str, str] | None,
        is_done: Callable[[SubscriptionChanged], bool],
    ) -> SubscriptionChanged:
        """Have something done to a subscription; a refusal because it is done already is none."""
        path = f"/v1/subscriptions/{quote(subscription_id, safe='')}/{act}"
        operation = f"POST {path}"
        try:
            answer = self._ours(operation, self._api.post(path, wish))
        except (KeyRefused, NotKnownThere):
            raise
        except ProviderRefused:
            found = self.get_subscription(subscription_id)
            if is_done(found):
                return found
            raise
        return _told_of(subscription_id, answer, operation=operation)

    def _described(self, fact: SubscriptionChanged) -> SubscriptionChanged:
        """Return ``fact`` with the amounts of its payment, asked for if it names that and no more."""
        tells_of_it = fact.change in translation.TELL_OF_PAYMENTS and fact.amount_cents is None
        if fact.transaction_id is None or not tells_of_it:
            return fact
        try:
            return translation.with_transaction(fact, self.get_transaction(fact.transaction_id))
        except NotKnownThere:
            # The state that was told counts all the same, unless a payment is all that it is about.
            if fact.change == translation.PAID:
                raise
            return fact

    def _transactions(self, **belonging_to: str) -> Iterator[Entity]:
        number: int | None = 1
        while number is not None:
            page = self._get(
                "/v1/transactions/search", **belonging_to, page_number=number, page_size=_PAGE_SIZE
            )
            items = page.get("items")
            yield from map(expanded, items if isinstance(items, list) else [])
            following = entities.number(expanded(page.get("pagination")).get("next_page"))
            number = following if following is not None and following > number else None

    def _with_order(self, checkout: Entity) -> Entity:
        """Return ``checkout`` with its order in full, from the transaction if it was answered as an id."""
        order = expanded(checkout.get("order"))
        order_id = id_of(checkout.get("order"))
        if order_id is None or order.get("transaction"):
            return checkout
        found = next(self._transactions(order_id=order_id), None)
        if found is None:
            return checkout
        said = {name: value for name, value in order.items() if value is not None}
        return {**checkout, "order": {**translation.order_of(found), **said}}

    def _get(self, path: str, **query: str | int) -> Entity:
        return self._ours(f"GET {path}", self._api.get(path, query))

    def _ours(self, operation: str, answer: Entity) -> Entity:
        found = entities.mode(answer)
        if found not in {self.mode, Mode.UNKNOWN}:
            raise WrongMode(operation=operation)
        return answer

    def _explain(self, answer: Any) -> Explanation:
        """Return what an error says, fit for a log, and without our key should it repeat that."""
        error = expanded(answer)
        said = error.get("message") or error.get("error")
        lines = said if isinstance(said, list) else [said]
        trace = json_api.fit_for_a_log([text(error.get("trace_id"))], hiding=[self._api_key])
        messages = json_api.fit_for_a_log(lines, hiding=[self._api_key])
        return Explanation(trace_id=trace[0] if trace else None, messages=messages)


def _wish(request: CheckoutRequest) -> dict[str, Any]:
    # Events about subscriptions do not carry the request id, but the metadata.
    wish: dict[str, Any] = {
        "product_id": request.product_id,
        "units": request.units,
        "request_id": request.reference,
        "success_url": request.success_url,
        "metadata": {"reference": request.reference},
    }
    # Creem refuses an empty e-mail.
    return wish | {"customer": {"email": request.email}} if request.email else wish


def _told_of(subscription_id: str, answer: Entity, *, operation: str) -> SubscriptionChanged:
    fact = translation.of_subscription(answer)
    if not isinstance(fact, SubscriptionChanged) or fact.subscription_id != subscription_id:
        raise ProviderUnavailable(operation=operation, reason=Reason.GARBLED)
    return fact


def _mode_of_key(api_key: str) -> Mode:
    if not api_key.startswith("creem_"):
        raise ValueError("A Creem API key begins with creem_ or creem_test_.")
    return Mode.TEST if api_key.startswith("creem_test_") else Mode.LIVE


def _fitting(base_url: str, mode: Mode) -> str:
    own, other = (LIVE_URL, TEST_URL) if mode is Mode.LIVE else (TEST_URL, LIVE_URL)
    if urlsplit(base_url).hostname == urlsplit(other).hostname:
        raise ValueError(f"This API key is a {mode} one: it does not belong to {other}.")
    return base_url or own
