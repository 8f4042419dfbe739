"""What was paid for the credit of an order: the facts that its lots keep, and that refunds go by."""

from decimal import ROUND_UP, Decimal

from billing.models import Order
from ledger.money import NanoUSD, PriceFacts, as_usd

_EIGHT_PLACES = Decimal("0.00000001")


def price_facts(order: Order) -> PriceFacts:
    """Return what was paid for the credit, before tax.

    The rate is the published one that the order was written at. An order in a currency without (Creem also
    sells in EUR) has the rate of this very sale: what was paid for each USD of credit. So a delivery never
    waits for a rate, and refunds, which go by what was paid, need none.
    """
    paid = Decimal(order.payment.amount_cents).scaleb(-2)
    if order.units_per_usd is not None and order.payment.currency == order.currency:
        return PriceFacts(paid, order.payment.currency, order.units_per_usd)
    # Upwards, so that no rate is zero.
    rate = (paid / as_usd(NanoUSD(order.credit_nano_usd))).quantize(_EIGHT_PLACES, ROUND_UP)
    return PriceFacts(paid, order.payment.currency, rate)


def dollar_for_dollar(credit: NanoUSD) -> PriceFacts:
    """Return the facts of credit that was paid in USD at its own worth."""
    return PriceFacts(as_usd(credit), "USD", Decimal(1))


def share(order: Order, credit: NanoUSD) -> PriceFacts:
    """Return what was paid for a part of the credit of ``order``: upwards, so that nothing was for free."""
    whole = price_facts(order)
    amount = whole.amount * credit / order.credit_nano_usd
    return whole._replace(amount=amount.quantize(_EIGHT_PLACES, ROUND_UP))
