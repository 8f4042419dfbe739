"""An order that is paid: the one payment that it has, and its delivery that is due from then on."""

from django.utils import timezone

from billing.models import AgentJob, Order, OrderMail, OrderStep, Payment
from billing.providers.facts import PaymentSucceeded
from billing.services import mails, orders

LONGEST_ID = 80
_LARGEST_CENTS = 2**31 - 1


def record(fact: PaymentSucceeded, order: Order) -> None:
    """Write down that ``fact`` pays ``order``, whose row the caller has locked.

    It is to be delivered now, or worked on by hand.
    """
    now = timezone.now()
    Payment.objects.create(
        order=order,
        provider=fact.provider,
        transaction_id=fact.transaction_id,
        currency=fact.currency,
        amount_cents=fact.amount_cents,
        tax_cents=_storable(fact.tax_cents),
        paid_cents=_storable(fact.paid_cents),
        email=(fact.email or "")[:254],
        customer_id=(fact.customer_id or "")[:LONGEST_ID],
        happened_at=fact.happened_at or now,
    )
    order.state = Order.State.PAID
    order.paid_at = now
    # What is done by hand waits for a person, and for no worker.
    is_by_hand = order.delivery == Order.Delivery.MANUAL
    order.deliver_at = None if is_by_hand else now
    order.ask_at = None
    order.provider_order_id = fact.provider_order_id
    order.save(update_fields=["state", "paid_at", "deliver_at", "ask_at", "provider_order_id"])
    if is_by_hand:
        AgentJob.objects.filter(order=order).update(state=AgentJob.State.OPEN)
    mails.owe(order, OrderMail.Kind.RECEIVED)
    orders.note(order, OrderStep.Kind.PAID, f"transaction {fact.transaction_id}")


def _storable(cents: int | None) -> int | None:
    """Return ``cents`` unless the column is too small: a figure for the record must not refuse a sale."""
    return cents if cents is not None and cents <= _LARGEST_CENTS else None
