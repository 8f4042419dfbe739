"""Orders that are paid, as the provider's fact makes them."""

from accounts.models import User
from billing.models import Order, Package
from billing.providers.facts import Mode, PaymentSucceeded
from billing.services import payments
from tests.factories import billing as make


def pay(order: Order) -> Order:
    """Record the payment of ``order``: it is to be delivered from then on."""
    fact = PaymentSucceeded(
        provider=order.provider,
        mode=Mode.TEST,
        reference=order.reference,
        transaction_id=f"tran_{order.reference}",
        checkout_id=f"ch_{order.reference}",
        provider_order_id=f"ord_of_{order.reference}",
        product_id=order.product_id,
        units=order.units,
        currency=order.currency,
        amount_cents=order.price_cents,
    )
    payments.apply(fact)
    order.refresh_from_db()
    return order


def paid(of: Package | None = None, *, user: User | None = None) -> Order:
    """Return a new order of a package that was paid, by a guest unless ``user`` is given."""
    return pay(make.order(of, user=user))
