"""Quotes: what of an order is unspent, and so how much of the money would be fair to give back."""

from dataclasses import dataclass
from fractions import Fraction

from django.db.models import Sum

from billing.errors import NothingToRefund
from billing.models import Order, Payment, Refund
from billing.services import plan_switch, refunds, taking_back
from ledger.services import takings
from redemption.models import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The parts of a refund, at the price, the rate and in the currency of the payment. Cents include tax.

    `unspent_nano_usd` is None where only somebody else knows what was spent: a key of a console, work by
    hand. Of a plan, `unused_share` is what its terms count as not consumed.
    """

    currency: str
    paid_cents: int
    gone_cents: int
    credit_nano_usd: int
    unspent_nano_usd: int | None
    unused_share: Fraction | None = None

    @property
    def left_cents(self) -> int:
        """Return what has not gone back."""
        return self.paid_cents - self.gone_cents

    @property
    def spent_nano_usd(self) -> int | None:
        """Return what was spent of the credit that was not taken back."""
        return None if self.unspent_nano_usd is None else self.credit_nano_usd - self.unspent_nano_usd

    @property
    def fair_cents(self) -> int:
        """Return what of the rest the unspent credit, or the unused part of a plan, cost, in whole cents."""
        if self.unused_share is not None:
            return int(self.left_cents * self.unused_share)
        if self.unspent_nano_usd is None or not self.credit_nano_usd:
            return self.left_cents
        return self.left_cents * self.unspent_nano_usd // self.credit_nano_usd


def quote(order: Order) -> Quote:
    """Return what a refund would be made of now; raises NothingToRefund when nothing was paid."""
    payment = Payment.objects.filter(order=order).first()
    if payment is None:
        raise NothingToRefund
    gone = Refund.objects.standing().filter(order=order).aggregate(sum=Sum("credit_nano_usd", default=0))
    credit = max(order.credit_nano_usd - int(gone["sum"]), 0)  # a plan brings none, and may owe some
    return Quote(
        currency=payment.currency,
        paid_cents=payment.whole_cents,
        gone_cents=payment.whole_cents - refunds.left_cents(payment),
        credit_nano_usd=credit,
        unspent_nano_usd=_unspent(order, credit),
        unused_share=plan_switch.unused_share(order.period) if order.result == Order.Result.PLAN else None,
    )


def _unspent(order: Order, credit: int) -> int | None:
    if order.foreign_key_id or not order.credit_nano_usd:
        return None
    if order.delivered_at is None:
        return credit
    if order.code is not None and order.code.state != Code.State.REDEEMED:
        return credit if order.code.state == Code.State.LIVE else 0
    return min(takings.unspent(taking_back.references(order)), credit)
