"""Reconciliation: our payments held against those of the providers, so that nothing hangs on one webhook.

What the provider has and we do not is asked about once more, order by order, and so mends itself. What is
left is a difference, which becomes a review. Windows overlap, and looking twice changes nothing.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from billing.models import Order, Payment, Provider, Reconciliation, Review
from billing.providers.errors import ProviderError
from billing.services import card_comparison, coin_comparison, reviews, wiring
from billing.services.findings import Findings

log = logging.getLogger(__name__)

FIRST_WINDOW, OVERLAP = timedelta(days=30), timedelta(days=2)
# What is younger may still be on its way to us.
GRACE = timedelta(minutes=10)
OVERDUE = timedelta(hours=6)


class Health(NamedTuple):
    """How the comparisons with a provider stand."""

    provider: Provider
    newest: Reconciliation | None
    is_overdue: bool


def compared() -> list[Provider]:
    """Return the providers that can be compared with as the shop is set up."""
    account = wiring.nowpayments() if wiring.is_wired(Provider.NOWPAYMENTS) else None
    lists_coins = account is not None and account.can_list
    return [Provider.CREEM, *([Provider.NOWPAYMENTS] if lists_coins else [])]


def run(provider: Provider) -> Reconciliation:
    """Compare with ``provider`` and keep what was found; one that does not answer is asked next time."""
    row = Reconciliation.objects.create(provider=provider, since=_since(provider))
    try:
        findings = _compare(provider, since=row.since)
    except ProviderError as failure:
        log.warning("comparison with %s came to no end: %s", provider.value, type(failure).__name__)
        row.error = f"{type(failure).__name__}, status {failure.status}"
    else:
        row.looked_at = len(findings.seen_ids)
        row.differences = findings.differences + _report_missing(provider, row.since, findings)
    row.ended_at = timezone.now()
    row.save()
    return row


def health() -> list[Health]:
    """Return how the comparisons stand: one is overdue when none has come to its end for hours."""
    return [_health(provider) for provider in compared()]


def _compare(provider: Provider, *, since: datetime) -> Findings:
    until = timezone.now() - GRACE
    if provider is Provider.NOWPAYMENTS:
        return coin_comparison.compare(since=since, until=until)
    return card_comparison.compare(since=since, until=until)


def _since(provider: Provider) -> datetime:
    last = Reconciliation.objects.finished(provider).first()
    return last.began_at - OVERLAP if last else timezone.now() - FIRST_WINDOW


def _report_missing(provider: Provider, since: datetime, findings: Findings) -> int:
    """Open a review for each of our payments in the window that the provider has not; count them."""
    missing = list(_not_seen(provider, since, findings))
    for payment in missing:
        reviews.open(
            Review.Reason.NOT_KNOWN_THERE,
            subject=f"{provider.value} {payment.transaction_id}",
            detail=f"{payment.amount_cents} {payment.currency}",
            order=payment.order,
        )
    return len(missing)


def _not_seen(provider: Provider, since: datetime, findings: Findings) -> Iterator[Payment]:
    # Of orders that began in the window: coins are listed by the day on which their address was opened.
    ours = Payment.objects.filter(
        provider=provider, order__created_at__gte=since, happened_at__lt=timezone.now() - GRACE
    )
    return (each for each in ours.select_related("order") if each.transaction_id not in findings.seen_ids)


def _health(provider: Provider) -> Health:
    newest = Reconciliation.objects.filter(provider=provider).order_by("-pk").first()
    good = Reconciliation.objects.finished(provider).first()
    since = good.began_at if good else _first_sale()
    return Health(provider, newest, is_overdue=since is not None and timezone.now() - since > OVERDUE)


def _first_sale() -> datetime | None:
    """Return since when there is something to compare."""
    return Order.objects.order_by("pk").values_list("created_at", flat=True).first()
