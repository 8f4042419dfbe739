"""What a provider is told of an order, and when it is asked about it again."""

from datetime import datetime, timedelta

from django.conf import settings

from billing.models import Order
from billing.providers.protocol import CheckoutRequest

# How long the provider is left alone between two questions, while an order is younger than so much.
_PAUSES = (
    (timedelta(hours=2), timedelta(minutes=2)),
    (timedelta(hours=48), timedelta(minutes=30)),
    (timedelta(days=30), timedelta(days=1)),
)


def request(order: Order) -> CheckoutRequest:
    """Return what a provider has to know of ``order`` to take the money for it."""
    return CheckoutRequest(
        reference=order.reference,
        product_id=order.product_id,
        units=order.units,
        success_url=order_url(order),
        email=order.email,
        amount_cents=order.price_cents,
        currency=order.currency,
    )


def order_url(order: Order) -> str:
    """Return the order's own page. It has no query: nobody knows whether a provider would sign one."""
    return f"{settings.PUBLIC_URL}/orders/{order.reference}"


def next_time(order: Order, now: datetime) -> datetime | None:
    """Return when the provider is to be asked about ``order`` again; None once it is too old for that."""
    age = now - order.created_at
    return next((now + pause for limit, pause in _PAUSES if age < limit), None)
