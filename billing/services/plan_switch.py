"""Switching plans in mid-cycle: a quote with every term, and what is credited when the new plan is paid.

The quote is signed and good for 15 minutes. What counts in the end is computed anew at the moment of the
switch: whoever went on spending meanwhile is credited less, and nobody more than was quoted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from billing.errors import QuoteExpired
from billing.models import Mode, Order, Payment, Plan, PlanSwitch, Subscription, SubscriptionPeriod
from billing.services import orders, plan_periods, sale_prices
from billing.services.orders import Buyer, Sale
from billing.services.switch_terms import PoolUse, Terms
from ledger.models import Entry
from ledger.money import NANO_USD_PER_CREDIT, NanoUSD
from ledger.services import accounts, credits, entries  # noqa: A004 - the word of the house

QUOTE_LASTS = timedelta(minutes=15)
QUOTE_SALT = "billing.plan_switch.quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What leaving the plan of ``period`` for ``plan`` comes to, as things stood at ``quoted_at``."""

    period: SubscriptionPeriod
    plan: Plan
    terms: Terms
    quoted_at: datetime

    @property
    def old_plan(self) -> Plan:
        """Return the plan that is left."""
        return self.period.subscription.plan

    @property
    def credit(self) -> NanoUSD:
        """Return what the wallet is credited at most."""
        return self.terms.credit

    @property
    def waiting(self) -> NanoUSD:
        """Return what periods cost that were paid and have not begun: all of it is credited besides."""
        waiting = self.period.subscription.periods.waiting()
        return NanoUSD(sum(map(_price, waiting)))

    @property
    def ends_days_of_a_code(self) -> bool:
        """Tell whether days that a code has given, and that have not begun, end without credit."""
        return self.period.subscription.periods.waiting().exclude(code=None).exists()

    @property
    def together(self) -> NanoUSD:
        """Return all that the wallet is credited at most."""
        return NanoUSD(self.credit + self.waiting)

    @property
    def good_until(self) -> datetime:
        """Return until when it may be confirmed."""
        return self.quoted_at + QUOTE_LASTS

    @property
    def signed(self) -> str:
        """Return it as a word that only we can have written."""
        return signing.dumps(
            [self.period.pk, self.plan.pk, self.credit, self.quoted_at.isoformat()], salt=QUOTE_SALT
        )


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A quote that its buyer has confirmed in time."""

    period_pk: int
    credit: NanoUSD
    quoted_at: datetime


def quote(period: SubscriptionPeriod, plan: Plan) -> Quote:
    """Return what leaving ``period`` for ``plan`` would come to now."""
    now = timezone.now()
    terms = _terms(period, new_price_cents=plan.price_cents, at=now)
    return Quote(period=period, plan=plan, terms=terms, quoted_at=now)


def confirmed(word: str, *, plan: Plan, customer: Customer) -> Confirmed:
    """Return the quote that ``word`` is; raises QuoteExpired for an old one, or one of another switch."""
    try:
        said: list[Any] = signing.loads(word, salt=QUOTE_SALT, max_age=QUOTE_LASTS)
        period_pk, plan_pk, credit, quoted_at = said
    except (signing.BadSignature, ValueError):
        raise QuoteExpired from None
    is_theirs = SubscriptionPeriod.objects.filter(
        pk=period_pk, subscription__customer=customer, subscription__ended_at=None
    ).exists()
    if plan_pk != plan.pk or not is_theirs:
        raise QuoteExpired
    return Confirmed(period_pk, NanoUSD(credit), datetime.fromisoformat(quoted_at))


@transaction.atomic(durable=True)
def place(sale: Sale, buyer: Buyer, quoted: Confirmed, *, mode: Mode, reference: str) -> Order:
    """Write the order of a switch with its quote, before a provider is asked. Nothing else changes yet."""
    order = orders.write(sale, buyer, mode=mode, reference=reference)
    PlanSwitch.objects.create(
        order=order, period_id=quoted.period_pk, quoted_nano_usd=quoted.credit, quoted_at=quoted.quoted_at
    )
    return order


def leave(period: SubscriptionPeriod, order: Order, *, at: datetime) -> None:
    """Credit the unused part of ``period`` to the wallet, as ``order`` has paid for another plan.

    In the caller's transaction, which holds the customer's row. At most what was quoted is credited; without
    a quote for this period, what the terms come to now.
    """
    terms = _terms(period, new_price_cents=order.price_cents, at=at)
    switch, _is_new = PlanSwitch.objects.get_or_create(
        order=order, defaults={"period": period, "quoted_nano_usd": terms.credit, "quoted_at": at}
    )
    is_as_quoted = switch.period_id == period.pk
    credit = min(terms.credit, switch.quoted_nano_usd) if is_as_quoted else terms.credit
    switch.period, switch.quoted_nano_usd = period, max(switch.quoted_nano_usd, credit)
    switch.credited_nano_usd, switch.switched_at = credit, at
    switch.save()
    if credit:
        _credit(period.subscription.customer, NanoUSD(credit), reference_of(order), note=order.reference)


def pay_back_waiting(subscription: Subscription) -> None:
    """Credit what periods cost that were paid and have not begun, and withdraw them.

    In the caller's transaction, which holds the customer's row.
    """
    for period in subscription.periods.waiting():
        plan_periods.withdraw(period)
        if _price(period):
            _credit(
                subscription.customer, _price(period), reference_of_waiting(period), note=str(period.order)
            )


def reference_of(order: Order) -> str:
    """Return the name of the entry that credits what is left for what ``order`` has paid."""
    return f"order:{order.pk}:switch"


def reference_of_waiting(period: SubscriptionPeriod) -> str:
    """Return the name of the entry that credits ``period``, which was paid and never began."""
    return f"{period.reference}:left"


def unused_share(period: SubscriptionPeriod) -> Fraction:
    """Return the part of ``period`` that does not count as consumed.

    Of one that is over, nothing; of one that still waits for its time, all.
    """
    if period.subscription.ended_at is not None or period.withdrawn_at is not None:
        return Fraction(0)
    if period.begun_at is None:
        return Fraction(1)
    if period != plan_periods.running(period.subscription):
        return Fraction(0)
    return 1 - _terms(period, new_price_cents=0, at=timezone.now()).consumed


def _price(period: SubscriptionPeriod) -> NanoUSD:
    return NanoUSD(_kept_cents(period) * NANO_USD_PER_CREDIT)


def _kept_cents(period: SubscriptionPeriod) -> int:
    """Return what of the price of ``period`` has not gone back, rounded down."""
    payment = Payment.objects.filter(order=period.order_id).first() if period.order_id else None
    if payment is None or not payment.refunded_cents:
        return period.price_cents
    return period.price_cents * (payment.whole_cents - payment.refunded_cents) // payment.whole_cents


def _credit(customer: Customer, credit: NanoUSD, reference: str, *, note: str) -> None:
    credits.grant(
        accounts.open_for(customer),
        credit,
        source=entries.PLANS,
        reference=reference,
        kind=Entry.Kind.PLAN_SWITCHED,
        price=sale_prices.dollar_for_dollar(credit),
        note=note,
    )


def _terms(period: SubscriptionPeriod, *, new_price_cents: int, at: datetime) -> Terms:
    account = accounts.open_for(period.subscription.customer)
    return Terms(
        old_price_cents=_kept_cents(period),
        new_price_cents=new_price_cents,
        elapsed=at - period.starts_at,
        main=_use(period.main_nano_usd, account.main_balance_nano_usd - account.main_held_nano_usd),
        backup=_use(period.backup_nano_usd, account.backup_balance_nano_usd - account.backup_held_nano_usd),
    )


def _use(size: int, free: int) -> PoolUse:
    """Return how much of a pool was used; what open calls have set aside counts as used."""
    return PoolUse(size=NanoUSD(size), used=NanoUSD(size - free))
