"""What payments in coins come to: they pay an order together, are credited beside it, or await a decision.

An order may see many of them: too few coins, coins that are sent once more or of another kind, coins that
come late. Each is one row, is worth something, and is used once, all under the lock of the order's row.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.errors import NothingToDecide
from billing.models import Deposit, InboxEvent, Mode, Order, OrderMail, OrderStep, Provider, Review
from billing.models.coins import WORTH_PLACES
from billing.providers.facts import CoinPayment, CoinState, PaymentSucceeded
from billing.providers.facts import Mode as ToldMode
from billing.services import deposits, mails, orders, paid_orders, reviews, sale_prices
from billing.services.outcomes import Applied
from ledger.models import Entry
from ledger.money import NanoUSD
from ledger.services import accounts, credits, entries  # noqa: A004 - the word of the house

Use = Deposit.Use
Outcome = InboxEvent.Outcome
Reason = Review.Reason

# So long a buyer has to say what shall become of too few coins; then a person asks.
DECISION_TIME = timedelta(days=3)
_NO_COINS = {CoinState.EXPIRED, CoinState.FAILED, CoinState.CANCELLED}


def apply(fact: CoinPayment, event: InboxEvent | None) -> Applied:
    """Keep what a payment in coins tells, and use its coins once they have come to rest."""
    order = _locked_order(fact)
    if order is None:
        return Applied(None, None)
    deposit = _as_told(fact, order)
    if deposit.use not in {Use.WAITED_FOR, Use.EMPTY}:
        return _told_again(fact, deposit, order, event)
    if not fact.is_incomplete:
        return Applied(Outcome.KEPT, order)
    if fact.state not in {CoinState.FINISHED, CoinState.PARTLY_PAID} or _differs(fact, order):
        return _to_review(deposit, order, event, Reason.COINS_UNCLEAR, fact.why)
    deposit.worth = _worth(fact, deposit, order)
    if not deposit.worth:
        return _to_review(deposit, order, event, Reason.COINS_UNCLEAR, f"{fact.why}, worth nothing known")
    return _use(deposit, order, event)


def pay(fact: PaymentSucceeded, order: Order) -> None:
    """Pay ``order`` with all the coins that were asked for, and with whatever came before them.

    More than its price brings more credit, in the same delivery.
    """
    deposit = _arrived_in_full(fact, order)
    deposit.use, deposit.held_at = Use.HELD, timezone.now()
    deposit.save()
    _settle(order, fact)


def spare(fact: PaymentSucceeded, order: Order, event: InboxEvent | None) -> Applied:
    """Use the coins of a second payment in full, for an order that another one has paid."""
    deposit = _arrived_in_full(fact, order)
    if deposit.use not in {Use.WAITED_FOR, Use.EMPTY}:
        return Applied(Outcome.NOTHING_NEW, order)
    return _use(deposit, order, event)


@transaction.atomic(durable=True)
def accept(order: Order) -> None:
    """Sell ``order`` for the coins that have come: its credit is their share of the price, exactly.

    Raises NothingToDecide when none wait for that.
    """
    order = _with_held_coins(order)
    first = order.deposits.held()[0]
    _settle(order, _as_payment(first, order))


@transaction.atomic(durable=True)
def ask_back(order: Order) -> None:
    """Have a person send the coins of ``order`` back; raises NothingToDecide when none wait for that."""
    order = _with_held_coins(order)
    for deposit in order.deposits.held():
        subject = f"{order.provider} {deposit.payment_id}"
        reviews.open(Reason.REFUND_ASKED, subject=subject, detail=deposit.in_words, order=order)
    order.deposits.held().update(use=Use.REFUND_ASKED)
    Order.objects.filter(pk=order.pk).update(state=Order.State.EXPIRED, ask_at=None)


def credit_what_waited() -> None:
    """Credit the coins that came for a paid order before it was delivered, each once."""
    waiting = Deposit.objects.held().filter(order__state=Order.State.DELIVERED)
    for deposit in list(waiting.only("pk", "order_id")):
        _credit_waiting(deposit)


def report_undecided() -> None:
    """Open a review for coins about which their buyer has decided nothing for days; each gets one."""
    waiting = Deposit.objects.held().filter(held_at__lt=timezone.now() - DECISION_TIME)
    for deposit in waiting.select_related("order"):
        subject = f"{deposit.order.provider} {deposit.payment_id}"
        reviews.open(Reason.COINS_UNDECIDED, subject=subject, detail=deposit.in_words, order=deposit.order)


@transaction.atomic(durable=True)
def _credit_waiting(deposit: Deposit) -> None:
    order = Order.objects.select_for_update().get(pk=deposit.order_id)
    still_held = order.deposits.held().filter(pk=deposit.pk).first()
    if still_held is not None:
        _credit_beside(still_held, order, None)


def _locked_order(fact: CoinPayment) -> Order | None:
    """Return the order whose coins these are, locked: by the address that they came to, or our reference."""
    every = Order.objects.select_for_update()
    ids = [each for each in (fact.parent_id, fact.transaction_id) if each]
    known = Deposit.objects.filter(payment_id__in=ids).first()
    if known is not None:
        return every.get(pk=known.order_id)
    named = Q(reference=fact.reference, provider=Provider.NOWPAYMENTS)
    return every.filter(named).first() if fact.reference else None


def _deposit(payment_id: str, order: Order) -> Deposit:
    return order.deposits.filter(payment_id=payment_id).first() or Deposit(
        order=order, payment_id=payment_id, state=CoinState.WAITING
    )


def _arrived_in_full(fact: PaymentSucceeded, order: Order) -> Deposit:
    """Return the row of a payment with all its coins in it; it may be the first that is heard of it."""
    deposit = _deposit(fact.transaction_id, order)
    deposit.state, deposit.worth = CoinState.FINISHED, _money(fact)
    deposit.coin, deposit.asked = deposit.coin or fact.coin or "", deposit.asked or fact.asked
    deposit.arrived = fact.arrived or Decimal(0)
    return deposit


def _as_told(fact: CoinPayment, order: Order) -> Deposit:
    """Return the row of a payment, with its progress as it was told just now."""
    deposit = _deposit(fact.transaction_id, order)
    deposit.state, deposit.arrived = fact.state, fact.arrived
    if deposit._state.adding:
        deposit.parent_payment_id, deposit.coin, deposit.asked = (
            fact.parent_id or "", fact.coin or "", fact.asked,
        )  # fmt: skip
    if deposit.use in {Use.WAITED_FOR, Use.EMPTY}:
        is_over = fact.state in _NO_COINS and not fact.arrived
        deposit.use = Use.EMPTY if is_over else Use.WAITED_FOR
    deposit.save()
    return deposit


def _told_again(fact: CoinPayment, deposit: Deposit, order: Order, event: InboxEvent | None) -> Applied:
    if fact.state is not CoinState.REFUNDED or deposit.use == Use.RETURNED:
        return Applied(Outcome.NOTHING_NEW, order)
    if deposit.use in {Use.PAID, Use.CREDITED}:
        subject = f"{order.provider} {deposit.payment_id}"
        reviews.open(Reason.TAKEN_BACK, subject=subject, detail=fact.why, order=order, event=event)
        return Applied(Outcome.REVIEW, order)
    deposit.use = Use.RETURNED
    deposit.save(update_fields=["use"])
    orders.note(order, OrderStep.Kind.COINS_CAME, f"payment {deposit.payment_id} went back")
    return Applied(Outcome.APPLIED, order)


def _differs(fact: CoinPayment, order: Order) -> bool:
    told = (fact.mode.value, fact.currency, fact.amount_cents)
    return order.provider != Provider.NOWPAYMENTS or told != (order.mode, order.currency, order.price_cents)


def _worth(fact: CoinPayment, deposit: Deposit, order: Order) -> Decimal | None:
    """Return what coins are worth: by the rate that their address was quoted at, or else as it was stated."""
    address = order.deposits.filter(payment_id=deposit.parent_payment_id or deposit.payment_id).first()
    if address is not None and address.asked and address.coin == deposit.coin and not order.is_paid:
        return deposits.worth_at_price(order, arrived=fact.arrived, asked=address.asked)
    return fact.worth.quantize(Decimal(1).scaleb(-WORTH_PLACES)) if fact.worth is not None else None


def _use(deposit: Deposit, order: Order, event: InboxEvent | None) -> Applied:
    deposit.use, deposit.held_at = Use.HELD, timezone.now()
    deposit.save()
    orders.note(order, OrderStep.Kind.COINS_CAME, f"payment {deposit.payment_id}, worth {deposit.worth:.2f}")
    if order.state == Order.State.DELIVERED:
        return _credit_beside(deposit, order, event)
    if order.is_paid:  # `credit_what_waited` goes on as soon as it is known what the order brought
        return Applied(Outcome.APPLIED, order)
    held = list(order.deposits.held())
    if deposits.worth_of(held) * 100 >= order.price_cents:
        _settle(order, _as_payment(held[0], order))
    else:
        _let_the_buyer_decide(deposit, order)
    return Applied(Outcome.APPLIED, order)


def _let_the_buyer_decide(deposit: Deposit, order: Order) -> None:
    order.state, order.ask_at = Order.State.PENDING, order.ask_at or timezone.now()
    order.checkout_id = order.checkout_id or deposit.parent_payment_id or deposit.payment_id
    order.save(update_fields=["state", "ask_at", "checkout_id"])
    mails.owe(order, OrderMail.Kind.INCOMPLETE, occasion=deposit.payment_id[:40])


def _settle(order: Order, fact: PaymentSucceeded) -> None:
    """Pay ``order`` with all coins that are held for it; its credit becomes their share of the price."""
    held = list(order.deposits.held())
    worth = deposits.worth_of(held)
    cents = int(worth * 100)
    paid_orders.scale(order, deposits.share_of_price(worth, order))
    paid_orders.record(replace(fact, amount_cents=max(cents, 1), paid_cents=cents), order)
    order.deposits.filter(pk__in=[each.pk for each in held]).update(use=Use.PAID)


def _credit_beside(deposit: Deposit, order: Order, event: InboxEvent | None) -> Applied:
    """Credit coins that came for a paid order, at its price; where that is unclear a person decides."""
    worth = deposit.worth or Decimal(0)
    credit = int(order.credit_nano_usd * Fraction(worth) * 100 / order.payment.amount_cents)
    is_ours = order.result in {Order.Result.WALLET, Order.Result.KEY} and not order.foreign_key_id
    if not is_ours or credit < 1 or worth * 100 > settings.SPARE_COINS_LIMIT_CENTS:
        return _to_review(deposit, order, event, Reason.COINS_TO_SPARE, deposit.in_words)
    credits.grant(
        accounts.open_for(order.customer),
        NanoUSD(credit),
        source=entries.cash(order.provider),
        reference=f"deposit:{deposit.payment_id}:credit",
        kind=Entry.Kind.COINS_CREDITED,
        price=sale_prices.price_facts(order)._replace(amount=worth),
        note=order.reference,
    )
    deposit.use, deposit.credit_nano_usd = Use.CREDITED, credit
    deposit.save(update_fields=["use", "credit_nano_usd"])
    return Applied(Outcome.APPLIED, order)


def _to_review(
    deposit: Deposit, order: Order, event: InboxEvent | None, reason: Review.Reason, detail: str
) -> Applied:
    deposit.use = Use.REVIEW
    deposit.save(update_fields=["use"])
    subject = f"{order.provider} {deposit.payment_id}"
    reviews.open(reason, subject=subject, detail=detail, order=order, event=event)
    return Applied(Outcome.REVIEW, order)


def _with_held_coins(order: Order) -> Order:
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.is_paid or deposits.worth_of(list(order.deposits.held())) * 100 < 1:
        raise NothingToDecide
    return order


def _money(fact: PaymentSucceeded) -> Decimal:
    return Decimal(fact.paid_cents or fact.amount_cents).scaleb(-2)


def _as_payment(deposit: Deposit, order: Order) -> PaymentSucceeded:
    """Return the payment that coins of an address, with others, make of it."""
    payment_id = deposit.parent_payment_id or deposit.payment_id
    return PaymentSucceeded(
        provider=order.provider,
        mode=ToldMode(Mode(order.mode).value),
        reference=order.reference,
        happened_at=deposit.held_at,
        transaction_id=payment_id,
        checkout_id=payment_id,
        provider_order_id=payment_id,
        currency=order.currency,
        amount_cents=order.price_cents,
    )
