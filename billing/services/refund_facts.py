"""What a provider tells of refunds and disputes, in any order and any number: each is one row, and ends once.

An intent of ours of the same transaction and amount is what a refund told of was. Only what no intent
explains was begun by the provider, and does the same: it takes back, and what was spent is owed.
"""

from billing.models import InboxEvent, Order, Payment, Refund, Review
from billing.providers.facts import Disputed, Refunded, RefundState
from billing.services import refunds, reviews
from billing.services.outcomes import Applied

Outcome = InboxEvent.Outcome
LONGEST_ID = 120


def apply(fact: Refunded | Disputed, order: Order | None, event: InboxEvent | None) -> Applied:
    """Do what ``fact`` says about ``order``, under its lock, in the caller's transaction.

    While its payment has not come, the fact waits for it. What is about another transaction, or about more
    than is left of the payment, is for a person.
    """
    order = refunds.lock(order.pk) if order is not None else None
    payment = Payment.objects.filter(order=order).first() if order is not None else None
    if order is None or payment is None:
        return Applied(None, order)
    if not _fits(fact, payment, order):
        return review(fact, order, event)
    known = Refund.objects.filter(
        provider=fact.provider, kind=_kind(fact), provider_refund_id=_id(fact)
    ).first()
    known = known or _intent(fact, payment)
    if known is not None:
        return _go_on(known, fact, order, event)
    return _begin(fact, order, payment, event)


def review(fact: Refunded | Disputed, order: Order | None, event: InboxEvent | None) -> Applied:
    """Have a person look at what was told; the same refund or dispute is one review."""
    what = f"{_kind(fact).value} {_id(fact)}"
    detail = f"{what} of {fact.transaction_id}: {fact.amount_cents} {fact.currency}"
    reviews.open(
        Review.Reason.TAKEN_BACK, subject=f"{fact.provider} {what}", detail=detail, order=order, event=event
    )
    return Applied(Outcome.REVIEW, order)


def _fits(fact: Refunded | Disputed, payment: Payment, order: Order) -> bool:
    told = (fact.provider, fact.transaction_id, fact.currency, fact.mode.value)
    known = (payment.provider, payment.transaction_id, payment.currency, order.mode)
    # Creem's shorter events do not say the mode.
    return told[:3] == known[:3] and told[3] in {known[3], "unknown"} and len(_id(fact)) <= LONGEST_ID


def _intent(fact: Refunded | Disputed, payment: Payment) -> Refund | None:
    """Return the refund of ours that ``fact`` tells of: of this amount, and no other was told of as it."""
    if isinstance(fact, Disputed):
        return None
    ours = Refund.objects.standing().filter(
        payment=payment, kind=Refund.Kind.REFUND, amount_cents=fact.amount_cents, provider_refund_id=""
    )
    return ours.exclude(origin=Refund.Origin.PROVIDER).first()


def _go_on(refund: Refund, fact: Refunded | Disputed, order: Order, event: InboxEvent | None) -> Applied:
    is_news = refund.provider_refund_id == ""
    refund.provider_refund_id = _id(fact)
    state = _state(fact)
    if refund.state == Refund.State.FAILED and state is RefundState.SUCCEEDED:
        return review(fact, order, event)
    if refund.state != Refund.State.FAILED and state is RefundState.FAILED:
        refunds.fail(refund, why="the provider says so")
        refunds.report(refund, detail="the provider could not give the money back")
    elif refund.state == Refund.State.AWAITING and state is RefundState.SUCCEEDED:
        refunds.end(refund)
    elif is_news:
        refund.save(update_fields=["provider_refund_id"])
    else:
        return Applied(Outcome.NOTHING_NEW, order)
    return Applied(Outcome.APPLIED, order)


def _begin(fact: Refunded | Disputed, order: Order, payment: Payment, event: InboxEvent | None) -> Applied:
    """Write down what the provider has begun by itself, and let a person know of it."""
    state, left = _state(fact), refunds.left_cents(payment)
    begun = Refund(
        kind=_kind(fact),
        origin=Refund.Origin.PROVIDER,
        amount_cents=fact.amount_cents if state is RefundState.FAILED else min(fact.amount_cents, left),
        provider_refund_id=_id(fact),
        reason=((fact.reason if isinstance(fact, Refunded) else None) or "")[:200],
    )
    if state is RefundState.FAILED:
        refunds.remember_failure(order, payment, begun)
        return Applied(Outcome.KEPT, order)
    if begun.amount_cents > 0:
        begun = refunds.record(order, payment, begun)
        if state is RefundState.SUCCEEDED:
            refunds.end(begun)
    return review(fact, order, event)


def _kind(fact: Refunded | Disputed) -> Refund.Kind:
    return Refund.Kind.DISPUTE if isinstance(fact, Disputed) else Refund.Kind.REFUND


def _id(fact: Refunded | Disputed) -> str:
    return fact.dispute_id if isinstance(fact, Disputed) else fact.refund_id


def _state(fact: Refunded | Disputed) -> RefundState:
    """Return how far it got. The bank has taken the money when it tells of a dispute."""
    return RefundState.SUCCEEDED if isinstance(fact, Disputed) else fact.state
