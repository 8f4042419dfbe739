"""A shop with members who take plans, spend, switch, cancel and ask their money back, day after day."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from random import Random

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.errors import BillingError
from billing.models import Order, Payment, Plan, Provider, Refund, Subscription
from billing.providers.facts import Disputed, Fact, Mode, PaymentSucceeded
from billing.services import (
    payments,
    plan_purchases,
    refunds,
    subscription_wishes,
    subscriptions,
)
from billing.services.orders import Buyer
from billing.services.plan_purchases import Way
from ledger.models import LanguageModel
from ledger.services import accounts, holds
from ledger.services.holds import ReserveRequest
from tests.billing.simulated_creem import SimulatedCreem
from tests.factories import ledger as calls
from tests.factories.ledger import Spender

WAYS = [
    Way(provider, renews=renews)
    for provider in (Provider.CREEM, Provider.NOWPAYMENTS)
    for renews in (True, False)
]
TAKES, SWITCHES, CANCELS, RESUMES, DISPUTED, REFUNDED, OUTAGE = 0.12, 0.015, 0.01, 0.1, 0.0008, 0.003, 0.02
PAYS_INVOICE, CALLS, FAILED = 0.35, 0.8, 0.3


@dataclass
class SimulatedShop:
    """Members, the calls that they have open, and how many days the workers stay away."""

    rng: Random
    members: list[User]
    model: LanguageModel
    clerk: User
    creem: SimulatedCreem
    spenders: dict[int, Spender] = field(default_factory=dict)
    open_calls: list[ReserveRequest] = field(default_factory=list)
    away: int = 0
    calls: int = 0
    numbers: "count[int]" = field(default_factory=count)

    def a_day_passes(self) -> None:
        """Let everybody do something, and the workers do theirs unless they are away."""
        self.creem.a_day_passes()
        for member in self.members:
            self._live(member)
        self._call()
        self._pay_invoices()
        self.away = (
            self.away - 1 if self.away else (self.rng.randint(1, 3) if self.rng.random() < OUTAGE else 0)
        )
        if not self.away:
            self.work()

    def work(self) -> None:
        """Do what workers do: handle what came, deliver, turn, tell Creem, ask Creem, refund."""
        for fact in self.creem.arrived():
            self._hear(fact)
        tasks.tend_plans()
        for subscription in Subscription.objects.filter(pk__in=subscription_wishes.due()):
            self._hear(self._told(subscription))
        for subscription in Subscription.objects.filter(pk__in=subscription_wishes.silent()):
            self._hear(self.creem.known[subscription.provider_subscription_id].tells("asked"))
        for refund in Refund.objects.filter(state=Refund.State.AWAITING, origin=Refund.Origin.RENEWAL):
            refunds.end(refund)

    def heal(self) -> None:
        """Ask Creem about every order that it may have been paid for, as the sweep of open orders does."""
        for sold in self.creem.known.values():
            self._hear(sold.tells("asked"))

    def _hear(self, fact: Fact) -> None:
        applied = payments.apply(fact)
        if applied.order is not None:
            tasks.deliver_order(applied.order.pk)

    def _told(self, subscription: Subscription) -> Fact:
        name = subscription.provider_subscription_id
        if subscription.wish == Subscription.Wish.RESUME:
            return self.creem.resume(name)
        return self.creem.cancel(name, at_once=subscription.wish == Subscription.Wish.CANCEL_NOW)

    def _live(self, member: User) -> None:
        held = subscriptions.held_by(customers.of_user(member))
        chance = self.rng.random()
        if held is None or not held.is_of_use:
            if chance < TAKES:
                self._take(member)
            return
        if chance < SWITCHES:
            self._take(member)
        elif chance < SWITCHES + CANCELS and subscription_wishes.can_be_cancelled(held):
            subscription_wishes.cancel(held.customer)
        elif chance < SWITCHES + CANCELS + RESUMES and subscription_wishes.can_be_resumed(held):
            subscription_wishes.resume(held.customer)
        elif chance > 1 - DISPUTED - REFUNDED:
            self._take_back(member, is_dispute=chance > 1 - DISPUTED)

    def _take(self, member: User) -> None:
        """Buy any plan in any way; what the shop refuses is left."""
        plan, way = self.rng.choice(list(Plan.objects.all())), self.rng.choice(WAYS)
        try:
            proposal = plan_purchases.propose(plan.slug, member)
            order = plan_purchases.place(
                proposal,
                Buyer(email=member.email, language="en", user=member),
                way=way,
                quote=proposal.quote.signed if proposal.quote else "",
                form=f"form {next(self.numbers)}",
            )
        except BillingError:
            return
        if self.rng.random() < 0.9:  # else the payment page is left
            self._pay(order, way)

    def _pay(self, order: Order, way: Way) -> None:
        if way == Way(Provider.CREEM, renews=True):
            self.creem.sell(order)
            return
        for _told in range(self.rng.choice([1, 1, 2])):
            self._hear(payment_of(order))

    def _pay_invoices(self) -> None:
        waiting = Order.objects.filter(state__in=Order.UNPAID, renewal_of__renewal="invoice")
        for invoice in waiting.filter(created_at__gt=timezone.now() - timedelta(days=10)):
            if self.rng.random() < PAYS_INVOICE:
                self._hear(payment_of(invoice))

    def _take_back(self, member: User, *, is_dispute: bool) -> None:
        paid = Payment.objects.filter(order__customer__user=member, refunded_cents__lt=F("amount_cents"))
        paid = paid.select_related("order")
        payment = paid.order_by("?").first() if is_dispute else paid.order_by("-pk").first()
        if payment is None:
            return
        if is_dispute:
            self._hear(_dispute(payment))
            account = accounts.open_for(payment.order.customer)
            accounts.unfreeze(account)  # somebody has looked at it
        else:
            self._refund(payment)

    def _refund(self, payment: Payment) -> None:
        """Give all or half of what is left back; some of it does not go."""
        left = refunds.left_cents(payment)
        refund = refunds.refund(
            payment.order,
            self.rng.choice([left, left, -(-left // 2)]),
            origin=Refund.Origin.OPERATOR,
            reason="a wish",
            made_by=self.clerk,
        )
        if self.rng.random() < FAILED:
            refunds.give_up(refund, why="an account that was closed")

    def _call(self) -> None:
        """Settle what was open since yesterday, and make today's calls; a few stay open over night."""
        self._settle(self.open_calls)
        made = [self._request(member) for member in self.members if self.rng.random() < CALLS]
        self.calls += len(made)
        reserved = [
            request
            for request, answer in zip(made, holds.reserve(made), strict=True)
            if isinstance(answer, holds.Reserved)
        ]
        cut = len(reserved) // 5
        self._settle(reserved[cut:])
        self.open_calls = reserved[:cut]

    def _request(self, member: User) -> ReserveRequest:
        if member.pk not in self.spenders:
            self.spenders[member.pk] = calls.spender(accounts.open_for(customers.of_user(member)))
        tokens = self.rng.choice([100, 10_000, 1_000_000])
        return calls.call(
            self.spenders[member.pk], self.model, input_bound_tokens=tokens, lifetime_seconds=3 * 24 * 3600
        )

    def _settle(self, requests: list[ReserveRequest]) -> None:
        holds.settle([
            calls.report(request, input_tokens=request.input_bound_tokens // self.rng.choice([1, 2, 10]))
            for request in requests
        ])  # fmt: skip


def payment_of(order: Order) -> PaymentSucceeded:
    """Return what tells that ``order`` was paid, as it was sold."""
    is_in_coins = order.provider == Provider.NOWPAYMENTS
    coins = {"coin": "usdttrc20", "asked": Decimal(order.price_cents), "arrived": Decimal(order.price_cents)}
    return PaymentSucceeded(
        provider=order.provider,
        mode=Mode.TEST,
        reference=order.reference,
        transaction_id=f"tran_{order.reference}",
        checkout_id="" if is_in_coins else f"ch_{order.reference}",
        provider_order_id=f"ord_of_{order.reference}",
        product_id=None if is_in_coins else order.product_id,
        units=None if is_in_coins else order.units,
        currency=order.currency,
        amount_cents=order.price_cents,
        **(coins if is_in_coins else {}),  # type: ignore[arg-type]
    )


def _dispute(payment: Payment) -> Disputed:
    return Disputed(
        provider=payment.provider,
        mode=Mode.TEST,
        reference=payment.order.reference,
        transaction_id=payment.transaction_id,
        currency=payment.currency,
        amount_cents=payment.whole_cents,
        dispute_id=f"disp_{payment.pk}",
    )
