"""What happens to a payment: coins arrive, the clock goes on, and the merchant decides. Each is told."""

from dataclasses import replace
from decimal import Decimal

from sandbox.clock import now_ms
from sandbox.nowpayments import coins, fees, payments
from sandbox.nowpayments.entities import Payment, PaymentStatus, new_id
from sandbox.nowpayments.errors import bad_request
from sandbox.nowpayments.store import Store

# Each of the three steps from the first sight of coins to their end.
STEP_SECONDS = 30

_NEXT: dict[PaymentStatus, PaymentStatus] = {"confirming": "confirmed", "confirmed": "sending"}


def deposit(store: Store, payment: Payment, *, amount: Decimal, coin: str) -> Payment | None:
    """Let coins arrive at the address of a payment; return the payment that they are for, if it is told of.

    The first coins of the kind that is asked for there belong to the payment that asks, also when it has
    expired. All others are a payment of their own, a child that repeats what that one asks for. Raises
    ApiError.
    """
    coins.found(coin)
    parent = store.records.get(Payment, payment.parent_id or payment.id)
    is_asked_for = coin == parent.pay_currency
    if is_asked_for and parent.status in {"waiting", "expired"}:
        return store.tell(_arrived(store, parent, amount=amount, ends_as=_own_end(parent, amount)))
    treatment = store.rules.repeated_deposits if is_asked_for else store.rules.wrong_assets
    if treatment == "manual":
        return None
    child = _child(parent, coin=coin)
    named = replace(parent, extra_ids=[*parent.extra_ids, child.id])
    return store.tell(_arrived(store, child, amount=amount, ends_as=treatment), named)


def advance(store: Store, payment: Payment) -> Payment:
    """Let a payment take the step that is due."""
    if payment.status == "waiting":
        return _end(store, payment, "expired")
    if payment.status in _NEXT and payment.ends_as != "failed":
        step = store.due_in(STEP_SECONDS)
        return store.tell(replace(payment, status=_NEXT[payment.status], due_at=step))
    return _end(store, payment, payment.ends_as or "failed")


def expire(store: Store, payment: Payment) -> Payment:
    """Let the time of a payment be over; raises ApiError."""
    if payment.status != "waiting":
        raise bad_request("Only a waiting payment expires")
    return _end(store, payment, "expired")


def fail(store: Store, payment: Payment) -> Payment:
    """Let something go wrong with a payment on its way; raises ApiError."""
    if payment.status not in {"waiting", "confirming", "confirmed", "sending"}:
        raise bad_request("This payment has come to its end")
    return _end(store, payment, "failed")


def refund(store: Store, payment: Payment) -> Payment:
    """Send back what arrived; raises ApiError."""
    if payment.actually_paid == "0" or payment.status in {"refunded", "confirming", "confirmed", "sending"}:
        raise bad_request("There is nothing to send back")
    return _end(store, replace(payment, worth="0", outcome=None), "refunded")


def decide(store: Store, payment: Payment, status: PaymentStatus) -> Payment:
    """Let the merchant take a partly paid payment as finished or as cancelled; raises ApiError."""
    if payment.status != "partially_paid":
        raise bad_request("Only a partially paid payment is decided about")
    return _end(store, payment, status)


def _own_end(payment: Payment, amount: Decimal) -> PaymentStatus:
    if amount < payments.least(payment.pay_currency, payment.asked):
        return "failed"
    return "finished" if amount >= Decimal(payment.pay_amount) else "partially_paid"


def _child(parent: Payment, *, coin: str) -> Payment:
    return replace(
        parent,
        id=new_id(),
        parent_id=parent.id,
        pay_currency=coin,
        worth="0",
        extra_ids=[],
        created_at=now_ms(),
    )


def _arrived(store: Store, payment: Payment, *, amount: Decimal, ends_as: PaymentStatus) -> Payment:
    return replace(
        payment,
        status="confirming",
        actually_paid=str(amount),
        outcome=str(fees.outcome(payment, amount)) if ends_as != "failed" else None,
        ends_as=ends_as,
        due_at=store.due_in(STEP_SECONDS),
    )


def _end(store: Store, payment: Payment, status: PaymentStatus) -> Payment:
    is_told = store.rules.tells_worth and status in {"finished", "partially_paid"}
    worth = str(_worth(payment)) if is_told else payment.worth
    return store.tell(replace(payment, status=status, worth=worth, due_at=None))


def _worth(payment: Payment) -> Decimal:
    arrived = Decimal(payment.actually_paid)
    return coins.converted(arrived, of=payment.pay_currency, to=payment.price_currency)
