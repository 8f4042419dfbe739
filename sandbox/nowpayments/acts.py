"""What a buyer, a merchant or chance can do to a payment, by the names on buttons and controls."""

from collections.abc import Mapping
from decimal import Decimal

from sandbox.nowpayments import movements, payments
from sandbox.nowpayments.coins import COINS
from sandbox.nowpayments.entities import Payment
from sandbox.nowpayments.errors import bad_request
from sandbox.nowpayments.store import Store

LABELS: Mapping[str, str] = {
    "exact": "Send exactly this",
    "short": "Send too little",
    "over": "Send too much",
    "dust": "Send less than the minimum",
    "wrong": "Send another coin",
    "expire": "Let the time run out",
    "fail": "Let it fail",
    "refund": "Have it sent back",
    "finish": "Shop: take it as paid",
    "cancel": "Shop: cancel it",
}
# What NowPayments' own sandbox plays by itself when a payment is created with such a word.
CASES: Mapping[str, str] = {
    "success": "exact",
    "failed": "fail",
    "failure": "fail",
    "partially_paid": "short",
}

_SHORT, _OVER, _DUST = Decimal("0.6"), Decimal("1.1"), Decimal("0.5")


def perform(store: Store, payment: Payment, act: str) -> Payment | None:
    """Do one of these; return the payment that it came to, if one is told of. Raises ApiError."""
    asked = Decimal(payment.pay_amount)
    match act:
        case "exact" | "short" | "over" | "dust":
            return movements.deposit(store, payment, amount=_amount(payment, act), coin=payment.pay_currency)
        case "wrong":
            coin = "usdtbsc" if payment.pay_currency != "usdtbsc" else "usdttrc20"
            return movements.deposit(store, payment, amount=asked, coin=coin)
        case "expire":
            return movements.expire(store, payment)
        case "fail":
            return movements.fail(store, payment)
        case "refund":
            return movements.refund(store, payment)
        case "finish":
            return movements.decide(store, payment, "finished")
        case "cancel":
            return movements.decide(store, payment, "cancelled")
        case _:
            raise bad_request(f"act is one of: {', '.join(LABELS)}")


def _amount(payment: Payment, act: str) -> Decimal:
    """Return how much is sent, in a number of places that the coin has."""
    asked, coin = Decimal(payment.pay_amount), COINS[payment.pay_currency]
    least = payments.least(coin.code, payment.asked)
    amounts = {"exact": asked, "short": asked * _SHORT, "over": asked * _OVER, "dust": least * _DUST}
    return amounts[act].quantize(asked)
