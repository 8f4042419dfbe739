"""What a provider tells of its subscriptions, in any order and any number.

A payment that a fact names is recorded first, once per transaction, whichever fact brings it. Then the state
follows the newest fact: one that is older than what is known moves nothing back.
"""

from billing.models import InboxEvent, Order, OrderMail, Payment, Review, Subscription
from billing.providers.facts import PaymentSucceeded, SubscriptionChanged
from billing.services import mails, mismatches, paid_orders, renewals, reviews, subscriptions
from billing.services.outcomes import Applied

Outcome = InboxEvent.Outcome
State = Subscription.State

PAYING = {"paid", "checkout.completed", "asked"}
FAILING = {State.PAST_DUE, State.UNPAID}
# The provider's words, where they are not ours.
_STATES = {**{state.value: state for state in State}, "canceled": State.CANCELLED}
# The wishes that a state fulfils. Only the answer to a resume does that for one: to be active may be older.
_FULFILLED = {
    State.SCHEDULED_CANCEL: {Subscription.Wish.CANCEL},
    State.CANCELLED: {*Subscription.Wish},
}


def apply(fact: SubscriptionChanged, event: InboxEvent | None) -> Applied:
    """Do what ``fact`` asks for, once, in the caller's transaction; see `payments.apply`."""
    order = _order_of(fact)
    subscription = _subscription_of(fact)
    if order is None and subscription is None:
        return Applied(None if fact.reference else Outcome.KEPT, None)
    if order is not None and not order.renews and subscription is None:
        return _not_sold(fact, order, event)
    paid = _pay(fact, order, subscription, event)
    if subscription is None and paid is None:
        return _trial(fact, order)
    moved = subscription is not None and _follow(subscription, fact)
    if paid is not None and paid.outcome is not Outcome.NOTHING_NEW:
        return paid
    first = order or (subscription.order if subscription is not None else None)
    return Applied(Outcome.APPLIED if moved else Outcome.NOTHING_NEW, first)


def payment_of(fact: SubscriptionChanged) -> PaymentSucceeded | None:
    """Return the payment that ``fact`` tells of, if it is one that pays and says how much."""
    if fact.change not in PAYING or not fact.transaction_id or not fact.amount_cents or not fact.currency:
        return None
    covers = fact.period_start and fact.period_end and fact.period_start < fact.period_end
    return PaymentSucceeded(
        provider=fact.provider,
        mode=fact.mode,
        reference=fact.reference,
        customer_id=fact.customer_id,
        subscription_id=fact.subscription_id,
        happened_at=fact.happened_at,
        transaction_id=fact.transaction_id,
        checkout_id="",
        provider_order_id=fact.provider_order_id or "",
        product_id=fact.product_id,
        units=fact.units,
        currency=fact.currency,
        amount_cents=fact.amount_cents,
        tax_cents=fact.tax_cents,
        paid_cents=fact.paid_cents,
        email=fact.email,
        covers_from=fact.period_start if covers else None,
        covers_until=fact.period_end if covers else None,
    )


def _order_of(fact: SubscriptionChanged) -> Order | None:
    """Return the order that bought the subscription, locked."""
    if not fact.reference:
        return None
    return Order.objects.select_for_update().filter(reference=fact.reference).first()


def _subscription_of(fact: SubscriptionChanged) -> Subscription | None:
    """Return our row of the provider's subscription; its customer's row is locked."""
    if not fact.subscription_id:
        return None
    named = Subscription.objects.filter(provider_subscription_id=fact.subscription_id)
    customer_pk = named.values_list("customer_id", flat=True).first()
    if customer_pk is None:
        return None
    subscriptions.lock(customer_pk)
    return named.select_related("plan", "order", "customer__user").get()


def _not_sold(fact: SubscriptionChanged, order: Order, event: InboxEvent | None) -> Applied:
    subject = f"{fact.provider} {fact.subscription_id or fact.transaction_id}"
    detail = f"a subscription, sold was a {order.kind} that is paid once"
    reviews.open(Review.Reason.WRONG_PRODUCT, subject=subject, detail=detail, order=order, event=event)
    return Applied(Outcome.REVIEW, order)


def _pay(
    fact: SubscriptionChanged,
    order: Order | None,
    subscription: Subscription | None,
    event: InboxEvent | None,
) -> Applied | None:
    """Record the payment that ``fact`` tells of; None if it tells of none that can be recorded yet."""
    payment = payment_of(fact)
    if payment is None:
        return None
    known = Payment.objects.filter(provider=fact.provider, transaction_id=payment.transaction_id).first()
    if known is not None:
        return Applied(Outcome.NOTHING_NEW, known.order)
    sold = order or (subscription.order if subscription is not None else None)
    if sold is None or (sold.is_paid and subscription is None):
        return Applied(None, sold)
    found = mismatches.find(payment, sold)
    if found is not None:
        subject = f"{fact.provider} {payment.transaction_id}"
        reviews.open(found.reason, subject=subject, detail=found.detail, order=sold, event=event)
        return Applied(Outcome.REVIEW, sold)
    return Applied(Outcome.APPLIED, _record(payment, sold, subscription))


def _record(payment: PaymentSucceeded, sold: Order, subscription: Subscription | None) -> Order:
    if not sold.is_paid:
        paid_orders.record(payment, sold)
        return sold
    assert subscription is not None  # noqa: S101 - the caller waits for it
    return renewals.record(payment, subscription)


def _trial(fact: SubscriptionChanged, order: Order | None) -> Applied:
    """Begin the trial that ``fact`` tells of; anything else waits until the order is paid and delivered."""
    if order is None or fact.status != State.TRIALING or fact.period_end is None or order.plan is None:
        return Applied(None, order)
    begun = Subscription(
        plan=order.plan,
        renewal=Subscription.Renewal.CARD,
        provider_subscription_id=fact.subscription_id or "",
        provider_customer_id=fact.customer_id or "",
        as_of=fact.as_of,
    )
    subscriptions.begin_trial(order, begun, until=fact.period_end)
    return Applied(Outcome.APPLIED, order)


def _follow(subscription: Subscription, fact: SubscriptionChanged) -> bool:
    """Let the state be what the newest fact says; tell whether anything changed."""
    is_old = subscription.as_of is not None and (fact.as_of is None or fact.as_of < subscription.as_of)
    state = _STATES.get(fact.status)
    if is_old or state is None or subscription.state == State.CANCELLED:
        return False
    before, subscription.state = State(subscription.state), state
    subscription.as_of = fact.as_of or subscription.as_of
    _take_dates(subscription, fact)
    if subscription.wish in _FULFILLED.get(state, set()):
        subscription.wish, subscription.wish_at, subscription.wish_error = "", None, ""
    subscriptions.settle(subscription)
    if subscription.ended_at is None:
        _tell(subscription, before)
        subscriptions.end_what_ran_out(subscription.customer)
    return before != state


def _take_dates(subscription: Subscription, fact: SubscriptionChanged) -> None:
    """Let the period of the payment that ``fact`` names end when the provider says."""
    if fact.period_end is None or not fact.transaction_id:
        return
    period = subscription.periods.filter(order__payment__transaction_id=fact.transaction_id).first()
    if period is not None and period.ends_at != fact.period_end > period.starts_at:
        period.ends_at = fact.period_end
        period.save(update_fields=["ends_at"])
        latest = subscription.periods.filter(withdrawn_at=None).order_by("-ends_at").first()
        subscription.ends_at = latest.ends_at if latest is not None else subscription.ends_at


def _tell(subscription: Subscription, before: Subscription.State) -> None:
    """Promise the mail about a renewal that failed, or will not be; once for each period."""
    period = subscriptions.current_period(subscription)
    order = period.order or subscription.order
    occasion, state = str(period.pk), State(subscription.state)
    if order is not None and state in FAILING and before not in FAILING:
        mails.owe(order, OrderMail.Kind.RENEWAL_FAILED, occasion=occasion)
    if order is not None and state in Subscription.CLOSING and before not in Subscription.CLOSING:
        mails.owe(order, OrderMail.Kind.PLAN_CANCELLED, occasion=occasion)
