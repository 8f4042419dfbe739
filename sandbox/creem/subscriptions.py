"""What happens to a subscription: begun, renewed, failed, cancelled, paused. Webhooks tell of it.

Nothing happens by itself: whoever plays with the sandbox says what the clock of a real one would bring.
"""

from dataclasses import replace
from typing import Any, Literal

from sandbox.clock import now_ms
from sandbox.creem import months
from sandbox.creem.entities import (
    Checkout,
    Customer,
    Event,
    Order,
    Product,
    Subscription,
    SubscriptionStatus,
    Transaction,
    new_id,
)
from sandbox.creem.errors import invalid
from sandbox.creem.store import Store
from sandbox.creem.taxes import tax
from sandbox.records import Record

DAY_MS = 24 * 60 * 60 * 1000
# What becomes of one whose card fails again and again.
FAILING: dict[SubscriptionStatus, SubscriptionStatus] = {
    "active": "past_due",
    "trialing": "past_due",
    "past_due": "unpaid",
    "unpaid": "canceled",
}
BEHAVIOURS = ("proration-charge-immediately", "proration-charge", "proration-none")
RESUMABLE = {"paused", "scheduled_cancel"}


def begin(store: Store, checkout: Checkout, order: Order, *, at: int) -> list[Record]:
    """Return what paying ``order`` for a recurring product makes at that moment: a subscription comes first.

    With a trial nothing is paid yet. Nothing is kept or told.
    """
    product = store.records.get(Product, checkout.product_id)
    paid = _payment(order, at=at, end=months.end(at, periods=1, period=product.billing_period))
    is_trial = product.trial_days > 0
    begun = Subscription(
        id=order.subscription_id or new_id("sub"),
        checkout_id=checkout.id,
        product_id=product.id,
        customer_id=order.customer_id,
        item_id=new_id("sitem"),
        status="trialing" if is_trial else "active",
        last_transaction_id=None if is_trial else paid.id,
        units=checkout.units,
        anchor=at,
        periods=0 if is_trial else 1,
        period_start=at,
        period_end=at + product.trial_days * DAY_MS if is_trial else paid.period_end or at,
        at_end="renew",
        canceled_at=None,
        created_at=at,
        updated_at=at,
    )
    return [begun] if is_trial else [begun, paid]


def told_at_first(store: Store, begun: Subscription) -> list[Event]:
    """Return the events that tell of a subscription which has just begun; its records are kept."""
    if begun.status == "trialing":
        return [store.webhooks.write("subscription.trialing", store.described(begun))]
    return [
        store.webhooks.write("subscription.active", store.described(begun)),
        store.webhooks.write("subscription.paid", store.described(begun)),
    ]


def renew(store: Store, subscription: Subscription) -> Subscription:
    """Charge the next period, whatever the time; raises ApiError for one that has ended.

    After a trial, months begin to count.
    """
    _require_life(subscription)
    if subscription.periods == 0:
        subscription = replace(subscription, anchor=subscription.period_end)
    return _charge(store, subscription, starts_at=subscription.period_end)


def end_trial(store: Store, subscription: Subscription) -> Subscription:
    """Charge the first period of one in its trial, from now on; raises ApiError for any other."""
    if subscription.status != "trialing":
        raise invalid("This subscription is in no trial.")
    now = now_ms()
    return _charge(store, replace(subscription, anchor=now, period_end=now), starts_at=now)


def fail(store: Store, subscription: Subscription, *, to: SubscriptionStatus | None = None) -> Subscription:
    """Have the card fail: the subscription is so, or is what comes next of failing. Raises ApiError."""
    _require_life(subscription)
    status = to or FAILING.get(subscription.status)
    if status is None or status not in FAILING.values():
        raise invalid(f"to is one of: {', '.join(FAILING.values())}")
    return _become(store, subscription, status, canceled_at=now_ms() if status == "canceled" else None)


def end_period(store: Store, subscription: Subscription) -> Subscription:
    """Do what the end of the period brings by itself: a renewal, unless something else was scheduled.

    Nothing, for one that is paused.
    """
    if subscription.status == "paused":
        return subscription
    if subscription.at_end == "renew":
        return renew(store, subscription)
    if subscription.at_end == "pause":
        return _become(store, subscription, "paused", at_end="renew")
    return _become(store, subscription, "canceled", canceled_at=now_ms())


def expire(store: Store, subscription: Subscription) -> Subscription:
    """Let the period end without a payment; its event says that it is active, as at Creem."""
    _require_life(subscription)
    return _become(store, subscription, "expired", said_to_be="active")


def cancel(
    store: Store, subscription: Subscription, *, mode: str = "immediate", at_end: str = "cancel"
) -> Subscription:
    """End it now, or schedule that for the end of the period; raises ApiError."""
    _require_life(subscription)
    if mode not in {"immediate", "scheduled"}:
        raise invalid("mode must be one of the following values: immediate, scheduled")
    if at_end not in {"cancel", "pause"}:
        raise invalid("onExecute must be one of the following values: cancel, pause")
    if mode == "immediate":
        return _become(store, subscription, "canceled", canceled_at=now_ms())
    return _become(store, subscription, "scheduled_cancel", at_end=at_end)


def pause(store: Store, subscription: Subscription) -> Subscription:
    """Charge nothing until it is resumed; raises ApiError."""
    _require_life(subscription)
    return _become(store, subscription, "paused")


def resume(store: Store, subscription: Subscription) -> Subscription:
    """Go on with a paused one, or undo a scheduled cancel; raises ApiError."""
    if subscription.status not in RESUMABLE:
        raise invalid("Only a paused or scheduled subscription can be resumed.")
    return _become(store, subscription, "active", kind="update", at_end="renew")


def upgrade(
    store: Store, subscription: Subscription, product: Product, *, behaviour: str = ""
) -> Subscription:
    """Change to another recurring product; it is charged for a period from now, unless told otherwise."""
    _require_life(subscription)
    if not product.is_recurring:
        raise invalid("The product is not recurring.")
    if behaviour not in {"", *BEHAVIOURS}:
        raise invalid(f"update_behavior must be one of the following values: {', '.join(BEHAVIOURS)}")
    changed = _become(
        store, replace(subscription, product_id=product.id), "active", kind="update", at_end="renew"
    )
    if behaviour not in {"", "proration-charge-immediately"}:
        return changed
    now = now_ms()
    return _charge(store, replace(changed, anchor=now, periods=0), starts_at=now)


def move(store: Store, subscription: Subscription, *, seconds: int) -> Subscription:
    """Let everything about it have happened so much later; no webhook tells of it."""
    by = seconds * 1000
    moved = replace(
        subscription,
        anchor=subscription.anchor + by,
        period_start=subscription.period_start + by,
        period_end=subscription.period_end + by,
        created_at=subscription.created_at + by,
    )
    store.records.keep(moved)
    return moved


def _charge(store: Store, subscription: Subscription, *, starts_at: int) -> Subscription:
    product, periods = store.records.get(Product, subscription.product_id), subscription.periods + 1
    ends_at = months.end(subscription.anchor, periods=periods, period=product.billing_period)
    order = _order(store, subscription, product)
    paid = replace(_payment(order, at=starts_at, end=ends_at), created_at=now_ms())
    charged = replace(
        subscription,
        status="scheduled_cancel" if subscription.status == "scheduled_cancel" else "active",
        last_transaction_id=paid.id,
        periods=periods,
        period_start=starts_at,
        period_end=ends_at,
        updated_at=_later(subscription),
    )
    store.records.keep(order, paid, charged)
    return _tell(store, charged, "paid")


def _order(store: Store, subscription: Subscription, product: Product) -> Order:
    customer = store.records.get(Customer, subscription.customer_id)
    return Order(
        id=new_id("ord"),
        checkout_id=subscription.checkout_id,
        product_id=product.id,
        customer_id=customer.id,
        transaction_id=new_id("tran"),
        amount=product.price * subscription.units,
        tax_amount=tax(product, units=subscription.units, country=customer.country),
        currency=product.currency,
        created_at=now_ms(),
        subscription_id=subscription.id,
    )


def _payment(order: Order, *, at: int, end: int) -> Transaction:
    return Transaction(
        id=order.transaction_id or new_id("tran"),
        order_id=order.id,
        status="paid",
        refunded_amount=None,
        created_at=at,
        period_start=at,
        period_end=end,
    )


def _become(
    store: Store,
    subscription: Subscription,
    status: SubscriptionStatus,
    *,
    kind: str = "",
    said_to_be: Literal["active"] | None = None,
    **changes: Any,
) -> Subscription:
    changed = replace(subscription, status=status, updated_at=_later(subscription), **changes)
    store.records.keep(changed)
    return _tell(store, changed, kind or status, said_to_be=said_to_be or status)


def _tell(store: Store, changed: Subscription, kind: str, *, said_to_be: str = "") -> Subscription:
    about = store.described(changed) | ({"status": said_to_be} if said_to_be else {})
    event = store.webhooks.write(f"subscription.{kind}", about)
    store.records.keep(event)
    store.webhooks.send(event)
    return changed


def _later(subscription: Subscription) -> int:
    """Return this moment, later than the last change in any case: two are told apart by it."""
    return max(now_ms(), subscription.updated_at + 1)


def _require_life(subscription: Subscription) -> None:
    if subscription.status == "canceled":
        raise invalid("This subscription is canceled.")
