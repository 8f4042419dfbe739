"""Creem's transactions held against our payments."""

from datetime import datetime, timedelta
from itertools import takewhile

from billing.models import Order, Payment, Provider, Refund, Review
from billing.providers.creem.answers import Transaction, TransactionStatus
from billing.services import checkouts, delivery, reviews, wiring
from billing.services.findings import Findings

Reason = Review.Reason

# An order is paid some time after it was placed; a payment that took longer is for a person to find.
PAID_WITHIN = timedelta(days=3)
MOST_CANDIDATES = 20
_MOVED = {
    TransactionStatus.PAID,
    TransactionStatus.PARTLY_REFUNDED,
    TransactionStatus.REFUNDED,
    TransactionStatus.DISPUTED,
}
_WENT_BACK = _MOVED - {TransactionStatus.PAID}


def compare(*, since: datetime, until: datetime) -> Findings:
    """Look at every transaction of the window; raises ProviderError."""
    findings = Findings()
    store = wiring.creem()
    newest_first = takewhile(
        lambda each: each.created_at is None or each.created_at >= since, store.search_transactions()
    )
    for transaction in newest_first:
        findings.seen_ids.add(transaction.id)
        is_due = transaction.created_at is None or transaction.created_at <= until
        if transaction.status in _MOVED and is_due and _differs(transaction):
            findings.differences += 1
    return findings


def _differs(transaction: Transaction) -> bool:
    """Compare one transaction with our payment, and tell whether a person has to look at it."""
    if transaction.subscription_id:
        return False
    payment = _payment(transaction) or _healed(transaction)
    if payment is None:
        return _report(Reason.NOT_KNOWN_HERE, transaction, None)
    if (payment.amount_cents, payment.currency) != (transaction.amount_cents, transaction.currency):
        return _report(Reason.AMOUNT_DIFFERS, transaction, payment)
    if transaction.status in _WENT_BACK and not _is_known_to_have_gone_back(transaction, payment):
        return _report(Reason.TAKEN_BACK, transaction, payment)
    return False


def _payment(transaction: Transaction) -> Payment | None:
    every = Payment.objects.select_related("order")
    return every.filter(provider=Provider.CREEM, transaction_id=transaction.id).first()


def _healed(transaction: Transaction) -> Payment | None:
    """Ask about the unpaid orders that this may have paid, until one of them turns out to be paid by it."""
    if transaction.created_at is None or Review.objects.filter(subject=_subject(transaction)).exists():
        return None
    unpaid = Order.objects.filter(
        provider=Provider.CREEM,
        state__in=Order.UNPAID,
        price_cents=transaction.amount_cents or 0,
        created_at__range=(transaction.created_at - PAID_WITHIN, transaction.created_at),
    )
    for order in unpaid.exclude(checkout_id="").order_by("-pk")[:MOST_CANDIDATES]:
        if checkouts.ask(order.pk).is_paid:
            delivery.deliver(order.pk)
        if payment := _payment(transaction):
            return payment
    return None


def _is_known_to_have_gone_back(transaction: Transaction, payment: Payment) -> bool:
    if transaction.status is TransactionStatus.DISPUTED:
        return payment.refunds.filter(kind=Refund.Kind.DISPUTE).exists()
    return payment.refunded_cents >= max(transaction.refunded_cents, 1)


def _report(reason: Review.Reason, transaction: Transaction, payment: Payment | None) -> bool:
    detail = f"{transaction.status.value}, {transaction.amount_cents} {transaction.currency}"
    order = payment.order if payment else None
    reviews.open(reason, subject=_subject(transaction), detail=detail, order=order)
    return True


def _subject(transaction: Transaction) -> str:
    return f"{Provider.CREEM.value} {transaction.id}"
