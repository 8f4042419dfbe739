"""NowPayments' payments turned into the shop's facts."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict

from billing.providers.entities import number
from billing.providers.facts import (
    CoinPayment,
    CoinState,
    Fact,
    Mode,
    PaymentSucceeded,
    Refunded,
    RefundState,
)
from billing.providers.nowpayments.answers import Payment

PROVIDER = "nowpayments"

_LARGEST_PRICE = 10**12
_OPEN = {CoinState.WAITING, CoinState.UNDER_WAY}
# In these states it is about money even if no amount is named.
_MOVED = {CoinState.FINISHED, CoinState.PARTLY_PAID, CoinState.REFUNDED}


class _Common(TypedDict):
    provider: str
    mode: Mode
    reference: str | None
    happened_at: datetime | None


def of_payment(payment: Payment, *, mode: Mode) -> Fact:
    """Return what a payment tells. Only one that was asked for may be believed.

    A child never pays for an order, whatever its state: what it says of price and order is its parent's.
    """
    cents = cents_of(payment.price)
    asked = payment.asked or Decimal(0)
    is_whole = payment.parent_id is None and 0 < asked <= payment.arrived
    if not is_whole or cents is None or payment.currency is None:
        return _coin_payment(payment, mode)
    match payment.state:
        case CoinState.FINISHED:
            return PaymentSucceeded(
                **_common(payment, mode),
                transaction_id=payment.id,
                checkout_id=checkout_id(payment),
                provider_order_id=payment.purchase_id or payment.id,
                currency=payment.currency,
                amount_cents=cents,
                paid_cents=int(cents * Fraction(payment.arrived) / Fraction(asked)),
                coin=payment.coin,
                asked=asked,
                arrived=payment.arrived,
            )
        case CoinState.REFUNDED:
            return Refunded(
                **_common(payment, mode),
                refund_id=f"{payment.id}:refunded",
                state=RefundState.SUCCEEDED,
                transaction_id=payment.id,
                checkout_id=checkout_id(payment),
                provider_order_id=payment.purchase_id or payment.id,
                currency=payment.currency,
                amount_cents=cents,
            )
        case _:
            return _coin_payment(payment, mode)


def checkout_id(payment: Payment) -> str:
    """Return the id of what we opened: the invoice, if there is one, or the payment itself."""
    return payment.invoice_id or payment.id


def cents_of(price: Decimal | None) -> int | None:
    """Return a price in hundredths; None for one that has no exact such number."""
    if price is None or not 0 < price <= _LARGEST_PRICE:
        return None
    return number(price * 100) or None


def _coin_payment(payment: Payment, mode: Mode) -> CoinPayment:
    has_moved = payment.arrived > 0 or payment.state in _MOVED
    return CoinPayment(
        **_common(payment, mode),
        why=_why(payment),
        is_incomplete=payment.state not in _OPEN and has_moved,
        transaction_id=payment.id,
        parent_id=payment.parent_id,
        checkout_id=checkout_id(payment),
        provider_order_id=payment.purchase_id or payment.id,
        state=payment.state,
        coin=payment.coin,
        asked=payment.asked,
        arrived=payment.arrived,
        currency=payment.currency,
        amount_cents=cents_of(payment.price),
        worth=payment.worth,
    )


def _why(payment: Payment) -> str:
    coins = f"{payment.arrived:f} of {payment.asked or Decimal(0):f} {payment.coin or 'coins'}"
    origin = f", to the address of payment {payment.parent_id}" if payment.parent_id else ""
    return f"payment {payment.id} is {payment.word or 'in no state'}: {coins}{origin}"


def _common(payment: Payment, mode: Mode) -> _Common:
    return {
        "provider": PROVIDER,
        "mode": mode,
        "reference": payment.reference,
        "happened_at": payment.updated_at or payment.created_at,
    }
