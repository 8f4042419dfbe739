"""What a payment is compared with: all that was sold, and exactly."""

from typing import NamedTuple

from billing.models import Order, Review
from billing.providers.facts import PaymentSucceeded

Reason = Review.Reason

LONGEST_ORDER_ID, LONGEST_TRANSACTION_ID = 100, 120


class Mismatch(NamedTuple):
    """The first thing in which a payment is not what was sold."""

    reason: Review.Reason
    detail: str


def find(fact: PaymentSucceeded, order: Order) -> Mismatch | None:
    """Return the first thing in which the payment is not what was sold, or None.

    The amount before tax is compared. What the buyer paid in the end says nothing: tax.
    """
    if len(fact.transaction_id) > LONGEST_TRANSACTION_ID or len(fact.provider_order_id) > LONGEST_ORDER_ID:
        return Mismatch(Reason.UNREADABLE, "an id that is too long")
    told_and_sold: dict[Review.Reason, tuple[object, object]] = {
        Reason.WRONG_PROVIDER: (fact.provider, order.provider),
        Reason.WRONG_MODE: (fact.mode.value, order.mode),
        # None is not said by a provider that keeps no products of ours.
        Reason.WRONG_PRODUCT: (fact.product_id or order.product_id, order.product_id),
        Reason.WRONG_UNITS: (order.units if fact.units is None else fact.units, order.units),
        Reason.WRONG_CURRENCY: (fact.currency, order.currency),
        Reason.WRONG_AMOUNT: (fact.amount_cents, order.price_cents),
    }
    differences = (
        Mismatch(reason, f"{told}, sold was {sold}")
        for reason, (told, sold) in told_and_sold.items()
        if told != sold
    )
    return next(differences, None)
