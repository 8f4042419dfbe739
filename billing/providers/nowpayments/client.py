"""NowPayments as a payment provider."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from billing.providers import json_api
from billing.providers.entities import Entity, expanded, moment
from billing.providers.errors import (
    AmountTooSmall,
    InvalidSignature,
    NotKnownThere,
    ProviderRefused,
    ProviderUnavailable,
    Reason,
)
from billing.providers.facts import CoinPayment, CoinState, Fact, PaymentSucceeded, Unknown
from billing.providers.json_api import Explanation, JsonApi
from billing.providers.nowpayments import listing, rates, signatures, translation
from billing.providers.nowpayments.account import Account
from billing.providers.nowpayments.answers import Coin, Minimum, Payment, Refreshed, read_payment
from billing.providers.nowpayments.entities import id_of
from billing.providers.patience import Patience
from billing.providers.protocol import (
    CheckoutRequest,
    CheckoutState,
    CheckoutStatus,
    NewCheckout,
    WebhookEvent,
)

SIGNATURE_HEADER = "x-nowpayments-sig"

_TOO_SMALL = "AMOUNT_MINIMAL_ERROR"
_WEB = ("https://", "http://")


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


class NowPayments:
    """Our account at NowPayments: a `PaymentProvider`, and what a pay page of our own has to ask.

    A checkout is an invoice, with a page of theirs, or a payment in a coin that the buyer chose, whose
    address our page shows. ``base_url`` is for a stand-in; one of NowPayments' must fit the account.
    ``before_asking`` is called before each request, and may forbid it by raising. Threads may share an
    instance.
    """

    name = translation.PROVIDER

    def __init__(
        self,
        account: Account,
        *,
        base_url: str = "",
        patience: Patience = Patience(),  # noqa: B008 - frozen
        sleep: Callable[[timedelta], None] = _sleep,
        before_asking: Callable[[], None] = lambda: None,
    ) -> None:
        self._account = account
        self.mode = account.mode
        self._api = JsonApi(
            account.fitting(base_url),
            headers={"x-api-key": account.api_key},
            explain=self._explain,
            patience=patience,
            sleep=sleep,
            before_asking=before_asking,
        )

    def create_checkout(self, request: CheckoutRequest) -> NewCheckout:
        """Make an invoice, which is a page to choose a coin and pay on: see `PaymentProvider`."""
        invoice = self._create("/v1/invoice", {**self._wish(request), **_ways_back(request)})
        invoice_id, url = id_of(invoice.get("id")), invoice.get("invoice_url")
        if invoice_id is None or not isinstance(url, str) or not url.startswith(_WEB):
            raise ProviderUnavailable(operation="POST /v1/invoice", reason=Reason.GARBLED)
        return NewCheckout(id=invoice_id, url=url)

    def create_payment(self, request: CheckoutRequest, *, coin: str) -> Payment:
        """Make an address to send ``coin`` to; its id is that of the checkout.

        It is asked for once. After ProviderUnavailable there may be a payment that nobody heard of; it costs
        nothing, and another may be made. Raises AmountTooSmall.
        """
        return self._payable("/v1/payment", {**self._wish(request), "pay_currency": coin})

    def create_invoice_payment(self, invoice_id: str, *, coin: str) -> Payment:
        """Make an address to send ``coin`` to for an invoice; the invoice stays the checkout.

        It is asked for as in `create_payment`.
        """
        return self._payable("/v1/invoice-payment", {"iid": invoice_id, "pay_currency": coin})

    def get_checkout(self, checkout_id: str) -> CheckoutState:
        """Ask what has become of a payment or, with a login, of an invoice: see `PaymentProvider`.

        Without a login an invoice is NotKnownThere. Of several payments of an invoice the one counts that got
        furthest; coins that were sent again are payments of their own.
        """
        try:
            payment = self.get_payment(checkout_id)
        except NotKnownThere:
            if self._account.login is None:
                raise
            return self._invoice_state(checkout_id)
        return _state(checkout_id, translation.of_payment(payment, mode=self.mode))

    def get_payment(self, payment_id: str) -> Payment:
        """Ask for a payment; raises NotKnownThere also for one that was made with another key."""
        path = f"/v1/payment/{quote(payment_id, safe='')}"
        payment = read_payment(self._api.get(path, {}))
        if payment is None or payment.id != payment_id:
            raise ProviderUnavailable(operation=f"GET {path}", reason=Reason.GARBLED)
        return payment

    def follow(self, payment_id: str) -> Iterator[Fact]:
        """Ask for a payment, and for what came to its address besides; yield what each tells."""
        payment = self.get_payment(payment_id)
        yield translation.of_payment(payment, mode=self.mode)
        for repeated_id in payment.repeated_ids:
            yield translation.of_payment(self.get_payment(repeated_id), mode=self.mode)

    @property
    def can_list(self) -> bool:
        """Whether there is a login, without which payments cannot be listed."""
        return self._account.login is not None

    def list_facts(self, *, since: datetime, until: datetime) -> Iterator[tuple[str, Fact]]:
        """Yield what each payment of a window tells, with its id, newest first; see `list_payments`."""
        for payment in self.list_payments(since=since, until=until):
            yield payment.id, translation.of_payment(payment, mode=self.mode)

    def list_payments(
        self, *, invoice_id: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Payment]:
        """Yield the payments that belong to all of these, newest first; without a login it is KeyRefused."""
        return listing.payments(
            self._api, self._account.login, invoice_id=invoice_id, since=since, until=until
        )

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Verify a webhook: see `PaymentProvider`.

        It has no id of its own, so what it tells is its id. About withdrawals is told at the same address.
        """
        signature = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE_HEADER, "")
        if not signatures.ipn_is_genuine(body, signature=signature, secrets=self._account.ipn_secrets):
            raise InvalidSignature(operation="webhook")
        told = expanded(json_api.parse(body))
        payment = read_payment(told)
        if payment is None:
            kind = "not a payment" if told else "unreadable"
            digest = hashlib.sha256(body).hexdigest()
            return WebhookEvent(id=f"sha256:{digest}", kind=kind, sent_at=moment(told.get("updated_at")))
        return WebhookEvent(id=_event_id(payment), kind=f"payment.{payment.word}", sent_at=payment.updated_at)

    def read_fact(self, body: bytes) -> Fact:
        """Return Unknown, as nothing is believed that was only told: see `PaymentProvider`."""
        payment = read_payment(expanded(json_api.parse(body)))
        why = "a payment counts when it was asked for" if payment else "nothing about a payment"
        reference = payment.reference if payment else None
        return Unknown(provider=self.name, mode=self.mode, reference=reference, why=why)

    def confirm(self, body: bytes) -> Fact:
        """Ask for the payment that a webhook is about, and return what that tells: see `PaymentProvider`.

        Raises NotKnownThere when it was made with another key.
        """
        told = read_payment(expanded(json_api.parse(body)))
        if told is None:
            return self.read_fact(body)
        return translation.of_payment(self.get_payment(told.id), mode=self.mode)

    def coins(self) -> tuple[Coin, ...]:
        """Ask which coins can be paid with: those that the dashboard allows and that are open now."""
        return rates.coins(self._api)

    def get_minimum(self, coin: str, *, currency: str = "USD") -> Minimum:
        """Ask for the least that can be paid in ``coin``; it moves by the minute."""
        return rates.minimum(self._api, self._account, coin=coin, currency=currency)

    def estimate(self, *, amount_cents: int, currency: str, coin: str) -> Decimal:
        """Ask how much of ``coin`` an amount of money would be now."""
        return rates.estimate(self._api, amount_cents=amount_cents, currency=currency, coin=coin)

    def refresh_amount(self, payment_id: str) -> Refreshed:
        """Have the amount of a waiting payment follow the rate; before its time is over nothing changes."""
        return rates.refresh(self._api, payment_id)

    def is_up(self) -> bool:
        """Ask whether the API works; no key is needed for that."""
        return self._api.get("/v1/status", {}).get("message") == "OK"

    def _wish(self, request: CheckoutRequest) -> dict[str, Any]:
        if request.amount_cents is None or request.currency is None:
            raise ValueError("NowPayments knows no products: it has to be told the price.")
        wish = {
            "price_amount": rates.price(request.amount_cents),
            "price_currency": request.currency.lower(),
            "order_id": request.reference,
            "is_fixed_rate": self._account.is_fixed_rate,
            "is_fee_paid_by_user": self._account.is_fee_paid_by_user,
        }
        return wish | {"ipn_callback_url": self._account.ipn_url} if self._account.ipn_url else wish

    def _payable(self, path: str, wish: Mapping[str, Any]) -> Payment:
        payment = read_payment(self._create(path, wish))
        if (
            payment is None
            or not payment.address
            or not payment.asked
            or payment.coin != wish["pay_currency"]
        ):
            raise ProviderUnavailable(operation=f"POST {path}", reason=Reason.GARBLED)
        return payment

    def _create(self, path: str, wish: Mapping[str, Any]) -> Entity:
        try:
            return self._api.post(path, wish)
        except ProviderRefused as refusal:
            if _TOO_SMALL not in refusal.messages:
                raise
            raise AmountTooSmall(
                operation=refusal.operation, status=refusal.status, messages=refusal.messages
            ) from refusal

    def _invoice_state(self, invoice_id: str) -> CheckoutState:
        own = [each for each in self.list_payments(invoice_id=invoice_id) if each.parent_id is None]
        facts = [translation.of_payment(each, mode=self.mode) for each in own]
        states = [_state(invoice_id, fact) for fact in facts]
        completed = [state for state in states if state.status is CheckoutStatus.COMPLETED]
        # Also when all of them expired: the page stays, and another coin can be chosen on it.
        still_open = CheckoutState(id=invoice_id, status=CheckoutStatus.OPEN, fact=None)
        return min(
            completed, key=lambda state: not isinstance(state.fact, PaymentSucceeded), default=still_open
        )

    def _explain(self, answer: Any) -> Explanation:
        """Return what an error says, its code first, fit for a log and without our secrets."""
        error, login = expanded(answer), self._account.login
        hidden = [self._account.api_key, login.password if login else ""]
        messages = json_api.fit_for_a_log([error.get("code"), error.get("message")], hiding=hidden)
        return Explanation(trace_id=None, messages=messages)


def _ways_back(request: CheckoutRequest) -> dict[str, str]:
    # The order's page is the one that tells what became of a payment, whatever it is.
    return dict.fromkeys(("success_url", "cancel_url", "partially_paid_url"), request.success_url)


def _state(checkout_id: str, fact: Fact) -> CheckoutState:
    match fact:
        case CoinPayment(
            is_incomplete=False, state=CoinState.EXPIRED | CoinState.FAILED | CoinState.CANCELLED
        ):
            return CheckoutState(id=checkout_id, status=CheckoutStatus.EXPIRED, fact=None)
        case CoinPayment(is_incomplete=False):
            return CheckoutState(id=checkout_id, status=CheckoutStatus.OPEN, fact=None)
        case _:
            return CheckoutState(id=checkout_id, status=CheckoutStatus.COMPLETED, fact=fact)


def _event_id(payment: Payment) -> str:
    at = payment.updated_at.isoformat() if payment.updated_at else ""
    return f"{payment.id}:{payment.word}:{payment.arrived.normalize():f}:{at}"
