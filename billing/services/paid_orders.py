"""An order that is paid: the one payment that it has, and its delivery that is due from then on."""

from datetime import datetime
from fractions import Fraction

from django.utils import timezone

from billing.errors import PaidTooLittle
from billing.models import AgentJob, Order, OrderMail, OrderStep, Payment
from billing.providers.facts import PaymentSucceeded
from billing.services import mails, orders
from ledger.money import NANO_USD_PER_CREDIT

_LONGEST_ID = 80
_LARGEST_CENTS = 2**31 - 1


def scale(order: Order, share: Fraction) -> None:
    """Let ``order``, whose row the caller has locked, bring ``share`` of its credit, rounded down.

    Its price stays what was quoted. Work by hand brings no credit, and everything else at least a nano-USD. A
    plan is not sold in parts: less than its price is credit for the wallet. Raises PaidTooLittle below what
    work by hand costs: nobody would know what part of it to do.
    """
    if share < 1 and order.kind == Order.Kind.AGENT:
        raise PaidTooLittle
    if share < 1 and order.kind == Order.Kind.PLAN:
        sell_as_credit(order, share)
    elif order.credit_nano_usd and share != 1:
        _scale_credit(order, share)


def reference_of_surplus(order: Order) -> str:
    """Return the name of the entry that credits what was paid beyond the price of a plan."""
    return f"order:{order.pk}:surplus"


def sell_as_credit(order: Order, share: Fraction) -> None:
    """Turn the order of a plan, whose row the caller has locked, into credit for ``share`` of its price."""
    order.credit_nano_usd = max(credit_of(order, share), 1)
    order.kind, order.plan, order.delivery = Order.Kind.CREDIT, None, Order.Delivery.AUTO
    order.renews, order.renewal_of = False, None
    order.save(update_fields=["kind", "plan", "delivery", "renews", "renewal_of", "credit_nano_usd"])


def credit_of(order: Order, share: Fraction) -> int:
    """Return what ``share`` of the price of ``order`` brings as credit, rounded down: of a plan, dollars."""
    is_plan = order.kind == Order.Kind.PLAN
    return int((order.price_cents * NANO_USD_PER_CREDIT if is_plan else order.credit_nano_usd) * share)


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
        customer_id=(fact.customer_id or "")[:_LONGEST_ID],
        subscription_id=(fact.subscription_id or "")[:_LONGEST_ID],
        covers_from=fact.covers_from,
        covers_until=fact.covers_until,
        happened_at=fact.happened_at or now,
    )
    order.state = Order.State.PAID
    order.paid_at = now
    hand_over(order, at=now)
    order.ask_at = None
    order.provider_order_id = fact.provider_order_id
    order.save(update_fields=["state", "paid_at", "deliver_at", "ask_at", "provider_order_id"])
    if order.renewal_of_id is None:  # of a renewal, one mail tells all
        mails.owe(order, OrderMail.Kind.RECEIVED)
    orders.note(order, OrderStep.Kind.PAID, f"transaction {fact.transaction_id}")


def hand_over(order: Order, *, at: datetime) -> None:
    """Let ``order`` wait for a worker, or its job for a person; the order is not saved."""
    is_by_hand = order.delivery == Order.Delivery.MANUAL
    order.deliver_at = None if is_by_hand else at
    if is_by_hand:
        AgentJob.objects.filter(order=order).update(
            state=AgentJob.State.OPEN, claimed_by=None, ended_at=None, outcome=""
        )


def _storable(cents: int | None) -> int | None:
    """Return ``cents`` unless the column is too small: a figure for the record must not refuse a sale."""
    return cents if cents is not None and cents <= _LARGEST_CENTS else None


def _scale_credit(order: Order, share: Fraction) -> None:
    order.credit_nano_usd = max(int(order.credit_nano_usd * share), 1)
    order.tokens = max(int(order.tokens * share), 1) if order.tokens else 0
    order.save(update_fields=["credit_nano_usd", "tokens"])
