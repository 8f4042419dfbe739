"""What is taken from a deposit, and what is left of it, in the coin that the merchant is paid in."""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.nowpayments import coins
from sandbox.nowpayments.coins import COINS
from sandbox.nowpayments.entities import Payment

_SERVICE_SHARE = Decimal("0.005")
_SIX_PLACES = Decimal("0.000001")


def stated(payment: Payment) -> dict[str, Decimal | str | int]:
    """Return the fees as notifications state them; before anything arrived there are none."""
    arrived = Decimal(payment.actually_paid) if payment.outcome is not None else Decimal(0)
    deposit_fee, service_fee = _taken(payment, arrived) if arrived else (Decimal(0), Decimal(0))
    return {
        "currency": payment.outcome_currency,
        "depositFee": deposit_fee,
        "withdrawalFee": 0,
        "serviceFee": service_fee,
    }


def outcome(payment: Payment, arrived: Decimal) -> Decimal:
    """Return what the merchant gets; raises ApiError."""
    gross = coins.converted(arrived, of=payment.pay_currency, to=payment.outcome_currency)
    return max(gross - sum(_taken(payment, arrived)), Decimal(0))


def _taken(payment: Payment, arrived: Decimal) -> tuple[Decimal, Decimal]:
    coin, paid_out = COINS[payment.pay_currency], payment.outcome_currency
    deposit_fee = coins.converted(coin.fee, of=coin.code, to=paid_out)
    service_fee = coins.converted(arrived * _SERVICE_SHARE, of=coin.code, to=paid_out)
    return deposit_fee.quantize(_SIX_PLACES, rounding=ROUND_HALF_UP), service_fee
