"""Invoices and payments: how they are opened, and what is asked for when the rate has moved."""

from dataclasses import replace
from decimal import ROUND_UP, Decimal

from sandbox.clock import now_ms
from sandbox.nowpayments import coins
from sandbox.nowpayments.coins import COINS
from sandbox.nowpayments.entities import Asked, Invoice, Payment, new_address, new_id
from sandbox.nowpayments.errors import too_small
from sandbox.nowpayments.store import Store
from sandbox.nowpayments.wishes import InvoiceWish, PaymentWish

_MINUTE, _DAY = 60, 24 * 60 * 60
FIXED_RATE_SECONDS = 20 * _MINUTE
ESTIMATE_SECONDS, VALID_SECONDS = _DAY, 7 * _DAY

# What the buyer pays on top when the fees are the buyer's.
_FEES = Decimal("1.01")
_EIGHT_PLACES = Decimal("0.00000001")


def open_invoice(store: Store, wish: InvoiceWish) -> Invoice:
    """Return the new invoice that is wished for."""
    invoice = Invoice(
        **wish.asked,
        id=new_id(),
        pay_currency=wish.pay_currency,
        success_url=wish.success_url,
        cancel_url=wish.cancel_url,
        partially_paid_url=wish.partially_paid_url,
        created_at=now_ms(),
    )
    store.records.keep(invoice)
    return invoice


def open_payment(store: Store, wish: PaymentWish, *, invoice: Invoice | None = None) -> Payment:
    """Return the new payment that is wished for, which waits for its coins; raises ApiError."""
    coin, at = COINS[wish.pay_currency], now_ms()
    asked = wish.pay_amount or price_in(coin.code, wish.asked)
    if asked < least(coin.code, wish.asked):
        raise too_small()
    has_fixed_rate = wish.asked["is_fixed_rate"] or wish.asked["is_fee_paid_by_user"]
    estimate, valid = (FIXED_RATE_SECONDS,) * 2 if has_fixed_rate else (ESTIMATE_SECONDS, VALID_SECONDS)
    payment = Payment(
        **wish.asked,
        id=new_id(),
        purchase_id=wish.purchase_id or new_id(),
        invoice_id=invoice.id if invoice else None,
        parent_id=None,
        status="waiting",
        pay_currency=coin.code,
        pay_amount=str(asked),
        pay_address=new_address(coin),
        payin_extra_id=new_id() if coin.memo else None,
        actually_paid="0",
        worth="0",
        outcome=None,
        outcome_currency=store.settings.payout_coin,
        due_at=store.due_in(valid),
        estimate_until=store.due_in(estimate),
        valid_until=store.due_in(valid),
        created_at=at,
        updated_at=at,
    )
    store.tell(payment)
    return payment


def refreshed(store: Store, payment: Payment) -> Payment:
    """Return a payment whose amount follows the rate, once its estimate has ended; before that, as it is."""
    if payment.status != "waiting" or now_ms() < payment.estimate_until:
        return payment
    amount = price_in(payment.pay_currency, payment.asked)
    moved = replace(payment, pay_amount=str(amount), estimate_until=store.due_in(ESTIMATE_SECONDS))
    store.records.keep(moved)
    return moved


def price_in(coin: str, asked: Asked) -> Decimal:
    """Return what is asked for, in a coin."""
    price = coins.converted(Decimal(asked["price_amount"]), of=asked["price_currency"], to=coin)
    if asked["is_fee_paid_by_user"]:
        return (price * _FEES).quantize(_EIGHT_PLACES, rounding=ROUND_UP)
    return price


def least(coin: str, asked: Asked) -> Decimal:
    """Return the least that is taken in a coin, as the switches of the request make it."""
    return coins.minimum(
        coin, is_fixed_rate=asked["is_fixed_rate"], is_fee_paid_by_user=asked["is_fee_paid_by_user"]
    )
