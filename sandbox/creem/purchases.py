"""What happens to a checkout and its money: paid, expired, refunded, disputed. Webhooks tell of it."""

from dataclasses import dataclass, replace
from typing import Literal

from sandbox.clock import now_ms
from sandbox.creem import subscriptions, wire
from sandbox.creem.entities import (
    Checkout,
    Customer,
    Order,
    Product,
    Subscription,
    Transaction,
    TransactionStatus,
    new_id,
)
from sandbox.creem.errors import invalid
from sandbox.creem.store import Store
from sandbox.creem.taxes import COUNTRIES, tax
from sandbox.records import Record

Reason = Literal["duplicate", "fraudulent", "requested_by_customer", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who pays, as typed on the pay page."""

    email: str
    name: str = "Test Buyer"
    country: str = "US"

    def __post_init__(self) -> None:
        """Refuse whom Creem could not charge."""
        if "@" not in self.email or not self.name:
            raise ValueError("a buyer has an e-mail address and a name")
        if self.country not in COUNTRIES:
            raise ValueError(f"country is one of: {', '.join(COUNTRIES)}")


def pay(store: Store, checkout: Checkout, buyer: Buyer, *, seconds_ago: int = 0) -> Checkout:
    """Take the money, once: a checkout that is paid already is returned as it is. Raises ApiError.

    What is charged again and again begins with it, so many seconds ago.
    """
    if checkout.status == "completed":
        return checkout
    if checkout.status == "expired":
        raise invalid("This checkout has expired.")
    product, customer = store.records.get(Product, checkout.product_id), _customer(store, buyer)
    order = _order(checkout, product, customer)
    at = now_ms() - 1000 * seconds_ago
    made = subscriptions.begin(store, checkout, order, at=at) if product.is_recurring else [_money(order)]
    paid = replace(checkout, status="completed", order_id=order.id)
    store.know(customer)
    store.records.keep(customer, order, paid, *made)
    _tell_of(store, paid)
    return paid


def expire(store: Store, checkout: Checkout) -> Checkout:
    """Let a checkout that nobody paid lapse; raises ApiError. No webhook tells of it."""
    if checkout.status == "completed":
        raise invalid("This checkout is paid.")
    expired = replace(checkout, status="expired")
    store.records.keep(expired)
    return expired


def refund(
    store: Store,
    transaction: Transaction,
    *,
    amount: int | None = None,
    reason: Reason = "requested_by_customer",
) -> Transaction:
    """Give back ``amount`` cents, tax included, or all that is left; raises ApiError."""
    order = store.records.get(Order, transaction.order_id)
    gone = transaction.refunded_amount or 0
    left = order.amount_paid - gone
    given = left if amount is None else amount
    if transaction.status == "chargedBack" or not 0 < given <= left:
        raise invalid("There is not so much left to refund.")
    status: TransactionStatus = "refunded" if given == left else "partialRefund"
    refunded = replace(transaction, status=status, refunded_amount=gone + given)
    about = {
        "id": new_id("ref"),
        "object": "refund",
        "status": "succeeded",
        "refund_amount": given,
        "refund_currency": order.currency,
        "reason": reason,
        **_surroundings(store, refunded, order),
    }
    _keep_and_tell(store, "refund.created", about, refunded)
    return refunded


def dispute(store: Store, transaction: Transaction) -> Transaction:
    """Let the buyer's bank take all of the money back; raises ApiError."""
    if transaction.status == "chargedBack":
        raise invalid("This transaction is disputed already.")
    order = store.records.get(Order, transaction.order_id)
    disputed = replace(transaction, status="chargedBack", refunded_amount=order.amount_paid)
    surroundings = _surroundings(store, disputed, order)
    surroundings["transaction"]["status"] = "chargeback"  # so in its webhook alone
    about = {
        "id": new_id("disp"),
        "object": "dispute",
        "amount": order.amount_paid,
        "currency": order.currency,
        **surroundings,
    }
    _keep_and_tell(store, "dispute.created", about, disputed)
    return disputed


def _customer(store: Store, buyer: Buyer) -> Customer:
    known = store.customer_with(buyer.email)
    if known is not None:
        return replace(known, name=buyer.name, country=buyer.country)
    return Customer(
        id=new_id("cust"), email=buyer.email, name=buyer.name, country=buyer.country, created_at=now_ms()
    )


def _order(checkout: Checkout, product: Product, customer: Customer) -> Order:
    is_trial = product.trial_days > 0
    return Order(
        id=new_id("ord"),
        checkout_id=checkout.id,
        product_id=product.id,
        customer_id=customer.id,
        transaction_id=None if is_trial else new_id("tran"),
        amount=0 if is_trial else product.price * checkout.units,
        tax_amount=0 if is_trial else tax(product, units=checkout.units, country=customer.country),
        currency=product.currency,
        created_at=checkout.created_at,  # an order is begun with its page, well before the payment
        subscription_id=new_id("sub") if product.is_recurring else None,
    )


def _money(order: Order) -> Transaction:
    return Transaction(
        id=order.transaction_id or new_id("tran"),
        order_id=order.id,
        status="paid",
        refunded_amount=None,
        created_at=now_ms(),
    )


def _tell_of(store: Store, paid: Checkout) -> None:
    """Tell of a checkout that was paid, and first of the subscription that began with it."""
    begun = store.subscription_of(paid)
    events = subscriptions.told_at_first(store, begun) if begun is not None else []
    events.append(store.webhooks.write("checkout.completed", completed(store, paid)))
    store.records.keep(*events)
    for event in events:
        store.webhooks.send(event)


def completed(store: Store, checkout: Checkout) -> wire.Entity:
    """Return a paid checkout, as its webhook and the API have it."""
    order, began = store.records.get(Order, checkout.order_id or ""), store.subscription_of(checkout)
    return wire.completed_checkout(
        checkout,
        paid=order,
        sold=store.records.get(Product, order.product_id),
        buyer=store.records.get(Customer, order.customer_id),
        began=store.described(began, in_full=False) if began is not None else None,
        mode=store.mode,
    )


def _surroundings(store: Store, transaction: Transaction, order: Order) -> wire.Entity:
    customer = store.records.get(Customer, order.customer_id)
    checkout = store.records.get(Checkout, order.checkout_id)
    subscription = store.records.find(Subscription, order.subscription_id)
    beside = {"subscription": store.described(subscription, in_full=False)} if subscription else {}
    return {
        "transaction": wire.transaction(transaction, order, customer, mode=store.mode),
        **beside,
        "checkout": wire.checkout_beside(checkout, mode=store.mode),
        "order": wire.order(order, mode=store.mode),
        "customer": wire.customer(customer, mode=store.mode),
        "created_at": now_ms(),
        "mode": store.mode,
    }


def _keep_and_tell(store: Store, kind: str, about: wire.Entity, *records: Record) -> None:
    event = store.webhooks.write(kind, about)
    store.records.keep(*records, event)
    store.webhooks.send(event)
