"""What a valid request to be paid says, and what is wrong with an invalid one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yarl import URL

from sandbox.nowpayments import coins
from sandbox.nowpayments.entities import Asked, Invoice
from sandbox.nowpayments.errors import invalid

_COMMON = {
    "price_amount",
    "price_currency",
    "pay_currency",
    "ipn_callback_url",
    "order_id",
    "order_description",
    "is_fixed_rate",
    "is_fee_paid_by_user",
}
_INVOICE = {"success_url", "cancel_url", "partially_paid_url"}
_PAYMENT = {"pay_amount", "purchase_id", "payout_address", "payout_currency", "payout_extra_id", "case"}
_INVOICE_PAYMENT = {"iid", "pay_currency", "purchase_id", "order_description", "customer_email"}
_CASES = ("success", "failed", "failure", "partially_paid", "common")
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentWish:
    """A payment that is wished for; the sandbox plays its `case` by itself, as NowPayments' own does."""

    asked: Asked
    pay_currency: str
    pay_amount: Decimal | None = None
    purchase_id: str | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWish:
    """An invoice that is wished for."""

    asked: Asked
    pay_currency: str | None
    success_url: str | None
    cancel_url: str | None
    partially_paid_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaymentWish:
    """A payment in `pay_currency` for the invoice `invoice_id`."""

    invoice_id: str
    pay_currency: str
    purchase_id: str | None

    def of(self, invoice: Invoice) -> PaymentWish:
        """Return the wish for a payment that asks for what ``invoice`` asks for."""
        return PaymentWish(asked=invoice.asked, pay_currency=self.pay_currency, purchase_id=self.purchase_id)


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in ``body``, its fractions as Decimal; raises ApiError."""
    try:
        fields = json.loads(body or b"{}", parse_float=Decimal)
    except ValueError:
        raise invalid("The body is not valid JSON") from None
    if not isinstance(fields, dict):
        raise invalid("The body must be a JSON object")
    return fields


def read_payment(fields: Mapping[str, Any]) -> PaymentWish:
    """Return what the body of a create call for a payment wishes; raises ApiError."""
    _know(fields, _COMMON | _PAYMENT)
    case = fields.get("case")
    if case is not None and case not in _CASES:
        raise invalid(f"case must be one of [{', '.join(_CASES)}]")
    return PaymentWish(
        asked=_asked(fields),
        pay_currency=_coin(fields),
        pay_amount=_amount(fields, "pay_amount") if "pay_amount" in fields else None,
        purchase_id=_text(fields, "purchase_id"),
        case=case,
    )


def read_invoice(fields: Mapping[str, Any]) -> InvoiceWish:
    """Return what the body of a create call for an invoice wishes; raises ApiError."""
    _know(fields, _COMMON | _INVOICE)
    return InvoiceWish(
        asked=_asked(fields),
        pay_currency=_coin(fields) if fields.get("pay_currency") is not None else None,
        success_url=_url(fields, "success_url"),
        cancel_url=_url(fields, "cancel_url"),
        partially_paid_url=_url(fields, "partially_paid_url"),
    )


def read_invoice_payment(fields: Mapping[str, Any]) -> InvoicePaymentWish:
    """Return what the body of a call for a payment of an invoice wishes; raises ApiError."""
    _know(fields, _INVOICE_PAYMENT)
    invoice_id = fields.get("iid")
    if invoice_id is None:
        raise invalid("iid is required")
    return InvoicePaymentWish(
        invoice_id=str(invoice_id), pay_currency=_coin(fields), purchase_id=_text(fields, "purchase_id")
    )


def amount_in(text: str) -> Decimal:
    """Return the amount that ``text`` states; raises ApiError."""
    try:
        amount = Decimal(text)
    except ArithmeticError:
        raise invalid("amount must be a number") from None
    if not amount.is_finite() or amount <= 0:
        raise invalid("amount must be a positive number")
    return amount


def _asked(fields: Mapping[str, Any]) -> Asked:
    price, currency = _amount(fields, "price_amount"), _text(fields, "price_currency")
    if currency is None:
        raise invalid("price_currency is required")
    coins.usd_of(currency)
    return Asked(
        price_amount=str(price),
        price_currency=currency,
        order_id=_text(fields, "order_id"),
        order_description=_text(fields, "order_description"),
        ipn_callback_url=_url(fields, "ipn_callback_url"),
        is_fixed_rate=_switch(fields, "is_fixed_rate"),
        is_fee_paid_by_user=_switch(fields, "is_fee_paid_by_user"),
    )


def _know(fields: Mapping[str, Any], known: set[str]) -> None:
    for name in sorted(fields.keys() - known):
        raise invalid(f'"{name}" is not allowed')


def _amount(fields: Mapping[str, Any], name: str) -> Decimal:
    value = fields.get(name)
    if value is None:
        raise invalid(f"{name} is required")
    if type(value) not in {int, Decimal}:
        raise invalid(f"{name} must be a number")
    return amount_in(str(value))


def _coin(fields: Mapping[str, Any]) -> str:
    code = _text(fields, "pay_currency")
    if code is None:
        raise invalid("pay_currency is required")
    return coins.found(code).code


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not (isinstance(value, str) and len(value) <= _LONGEST_TEXT):
        raise invalid(f"{name} must be a string")
    return value


def _switch(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be a boolean")
    return value


def _url(fields: Mapping[str, Any], name: str) -> str | None:
    text = _text(fields, name)
    try:
        is_one = text is None or (URL(text).scheme in {"http", "https"} and bool(URL(text).host))
    except ValueError:
        is_one = False
    if not is_one:
        raise invalid(f"{name} must be a valid uri")
    return text
