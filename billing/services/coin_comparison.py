"""NowPayments' list of payments held against our deposits: what it tells is acted on like an answer."""

from datetime import datetime

from billing.models import Deposit, InboxEvent, Review
from billing.providers.facts import CoinPayment, Fact, PaymentSucceeded, Refunded
from billing.services import delivery, payments, reviews, wiring
from billing.services.findings import Findings


def compare(*, since: datetime, until: datetime) -> Findings:
    """Look at every payment of the window; what is new to us pays what it pays. Raises ProviderError."""
    findings = Findings()
    for payment_id, fact in wiring.nowpayments().list_facts(since=since, until=until):
        findings.seen_ids.add(payment_id)
        findings.differences += _differs(payment_id, fact)
    return findings


def _differs(payment_id: str, fact: Fact) -> bool:
    moved = isinstance(fact, PaymentSucceeded | Refunded)
    if not moved and not (isinstance(fact, CoinPayment) and fact.arrived > 0):
        return False
    applied = payments.apply(fact)
    if applied.outcome is InboxEvent.Outcome.APPLIED and applied.order is not None:
        delivery.deliver(applied.order.pk)
    if applied.order is None and not Deposit.objects.filter(payment_id=payment_id).exists():
        subject = f"{fact.provider} {payment_id}"
        reviews.open(Review.Reason.NOT_KNOWN_HERE, subject=subject, detail=f"named as {fact.reference}")
        return True
    return applied.outcome is InboxEvent.Outcome.REVIEW
