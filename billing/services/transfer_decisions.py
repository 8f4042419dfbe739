"""The transfer desk, from the operator's side: approve, ask again, reject; each once, and written down.

Every decision is made under the lock of the order's row. Of two people who decide at once, the second is told
that the first has decided.
"""

from fractions import Fraction

from django.db import IntegrityError, transaction

from accounts.models import User
from billing.errors import ReferenceUnreadable, TransactionUsed, TransferSettled
from billing.models import Order, OrderMail, OrderStep, Payment, Provider, Transfer, TransferDecision
from billing.providers.facts import Mode, PaymentSucceeded
from billing.services import mails, orders, paid_orders, transfers

Kind = TransferDecision.Kind


def approve(order_pk: int, *, by: User, amount_cents: int, reference: str) -> None:
    """Record that ``amount_cents`` arrived: the order is paid, and is to be delivered.

    Another amount than the one that was asked brings so much more or less credit, at the order's own rate.
    A transaction pays once: TransactionUsed is raised for one that has paid another order through the same
    channel. TransferSettled is raised when somebody has decided before, and PaidTooLittle for less than work
    by hand costs. After a refusal nothing has moved.
    """
    key = transfers.reference_key(reference)
    if not 1 <= len(key) <= transfers.LONGEST_REFERENCE:
        raise ReferenceUnreadable
    try:
        _approve(order_pk, by=by, amount_cents=amount_cents, key=key)
    except IntegrityError as used:  # the other of two orders was first
        raise TransactionUsed from used


@transaction.atomic(durable=True)
def reject(order_pk: int, *, by: User, reason: Transfer.Reason, message: str) -> None:
    """End the transfer without a payment, and tell the buyer why; raises TransferSettled."""
    order, transfer = _undecided(order_pk)
    transfer.state, transfer.lapse_at = Transfer.State.REJECTED, None
    transfer.reason, transfer.message = reason, message
    transfer.save()
    order.state = Order.State.EXPIRED
    order.save(update_fields=["state"])
    _write_down(transfer, Kind.REJECTED, by=by, reason=reason, message=message)
    mails.owe(order, OrderMail.Kind.TRANSFER_REJECTED)


@transaction.atomic(durable=True)
def ask_again(order_pk: int, *, by: User, message: str) -> None:
    """Have the buyer answer ``message`` with another submission; raises TransferSettled."""
    order, transfer = _undecided(order_pk)
    if transfer.state != Transfer.State.SUBMITTED:
        raise TransferSettled
    transfer.state, transfer.message = Transfer.State.ASKED, message
    transfer.lapse_at = transfers.deadline()
    transfer.save()
    decision = _write_down(transfer, Kind.ASKED, by=by, message=message)
    mails.owe(order, OrderMail.Kind.TRANSFER_ASKED, occasion=str(decision.pk))


@transaction.atomic(durable=True)
def _approve(order_pk: int, *, by: User, amount_cents: int, key: str) -> None:
    order, transfer = _undecided(order_pk)
    transaction_id = f"{transfer.channel.slug}:{key}"
    if Payment.objects.filter(provider=Provider.TRANSFER, transaction_id=transaction_id).exists():
        raise TransactionUsed
    paid_orders.scale(order, Fraction(amount_cents, order.price_cents))
    transfer.state, transfer.lapse_at = Transfer.State.APPROVED, None
    transfer.save(update_fields=["state", "lapse_at"])
    _write_down(transfer, Kind.APPROVED, by=by, amount_cents=amount_cents)
    paid_orders.record(_fact(order, transaction_id, amount_cents), order)


def _undecided(order_pk: int) -> tuple[Order, Transfer]:
    order, transfer = transfers.locked(order_pk)
    if transfer.is_decided:
        raise TransferSettled
    return order, transfer


def _fact(order: Order, transaction_id: str, amount_cents: int) -> PaymentSucceeded:
    return PaymentSucceeded(
        provider=Provider.TRANSFER,
        mode=Mode.LIVE,
        reference=order.reference,
        transaction_id=transaction_id,
        checkout_id="",
        provider_order_id="",
        currency=order.currency,
        amount_cents=amount_cents,
        paid_cents=amount_cents,
    )


def _write_down(
    transfer: Transfer,
    kind: TransferDecision.Kind,
    *,
    by: User,
    amount_cents: int | None = None,
    reason: str = "",
    message: str = "",
) -> TransferDecision:
    orders.note(transfer.order, OrderStep.Kind.DECIDED, f"{kind.value} {reason}".strip())
    return TransferDecision.objects.create(
        transfer=transfer, kind=kind, by=by, amount_cents=amount_cents, reason=reason, message=message
    )
