"""Asking what has become of an order's coins, at every address that was opened for it."""

from dataclasses import replace

from billing.models import Deposit, Order
from billing.providers.protocol import CheckoutStatus
from billing.services import payments, wiring

Use = Deposit.Use


def ask(order: Order) -> CheckoutStatus:
    """Ask about all addresses of ``order``, act on the answers, and return how its payment stands.

    Raises ProviderError when one cannot be asked about; what was learned of the others is kept.
    """
    addresses = order.deposits.filter(use__in=[Use.WAITED_FOR, Use.HELD], parent_payment_id="")
    for payment_id in list(addresses.values_list("payment_id", flat=True)):
        for fact in wiring.nowpayments().follow(payment_id):
            # It is about this order, whether it says so or not.
            payments.apply(replace(fact, reference=fact.reference or order.reference))
    return _status(Order.objects.get(pk=order.pk))


def _status(order: Order) -> CheckoutStatus:
    if order.is_paid:
        return CheckoutStatus.COMPLETED
    goes_on = order.deposits.filter(use__in=[Use.WAITED_FOR, Use.HELD]).exists()
    return CheckoutStatus.OPEN if goes_on else CheckoutStatus.EXPIRED
