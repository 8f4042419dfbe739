"""How Creem's entities look on the wire, in its API and in its webhooks.

Keys have the order of captured bodies, and optional ones that have nothing to say are missing, not null.
"""

from typing import Any

from sandbox.clock import iso
from sandbox.creem.entities import Checkout, Customer, Order, Product, Subscription, Transaction

Entity = dict[str, Any]


def product(of: Product, *, mode: str) -> Entity:
    """Return a product."""
    return {
        "id": of.id,
        "object": "product",
        "name": of.name,
        "description": of.description,
        "price": of.price,
        "currency": of.currency,
        "billing_type": of.billing_type,
        "billing_period": of.billing_period,
        "status": "active",
        "tax_mode": of.tax_mode,
        "tax_category": of.tax_category,
        "default_success_url": of.default_success_url,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.created_at),
        "mode": mode,
    }


def customer(of: Customer, *, mode: str) -> Entity:
    """Return a customer."""
    return {
        "id": of.id,
        "object": "customer",
        "email": of.email,
        "name": of.name,
        "country": of.country,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.created_at),
        "mode": mode,
    }


def order(of: Order, *, mode: str) -> Entity:
    """Return a paid order."""
    return {
        "object": "order",
        "id": of.id,
        "customer": of.customer_id,
        "product": of.product_id,
        "amount": of.amount,
        "currency": of.currency,
        "sub_total": of.amount,
        "tax_amount": of.tax_amount,
        "amount_due": of.amount_paid,
        "amount_paid": of.amount_paid,
        "status": "paid",
        "type": "recurring" if of.subscription_id else "onetime",
        "transaction": of.transaction_id,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.created_at),
        "mode": mode,
    }


def transaction(of: Transaction, of_order: Order, buyer: Customer, *, mode: str) -> Entity:
    """Return a transaction."""
    is_renewal = of_order.subscription_id is not None
    period = {"period_start": of.period_start, "period_end": of.period_end} if is_renewal else {}
    return {
        "id": of.id,
        "object": "transaction",
        "amount": of_order.amount,
        "amount_paid": of_order.amount_paid,
        "currency": of_order.currency,
        "type": "invoice" if is_renewal else "payment",
        "tax_country": buyer.country,
        "tax_amount": of_order.tax_amount,
        "status": of.status,
        "refunded_amount": of.refunded_amount,
        "order": of_order.id,
        **_echo(subscription=of_order.subscription_id),
        "customer": buyer.id,
        "description": "Subscription payment" if is_renewal else "One-time payment",
        **period,
        "created_at": of.created_at,
        "mode": mode,
    }


def subscription(
    of: Subscription,
    *,
    product: Entity | str,
    customer: Entity | str,
    last: Entity | None,
    mode: str,
    **echo: Any,
) -> Entity:
    """Return a subscription; ``last`` is its last transaction. One in its trial has none."""
    item = {
        "object": "subscription_item",
        "id": of.item_id,
        "product_id": product if isinstance(product, str) else product["id"],
        "price_id": f"pprice_{of.item_id.removeprefix('sitem_')}",
        "units": of.units,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.updated_at),
        "mode": mode,
    }
    paid = {"last_transaction_id": of.last_transaction_id, "last_transaction": last} if last else {}
    return {
        "id": of.id,
        "object": "subscription",
        "product": product,
        "customer": customer,
        "items": [item],
        "collection_method": "charge_automatically",
        "status": of.status,
        **paid,
        **({"last_transaction_date": iso(last["created_at"])} if last else {}),
        **({} if of.status == "canceled" else {"next_transaction_date": iso(of.period_end)}),
        "current_period_start_date": iso(of.period_start),
        "current_period_end_date": iso(of.period_end),
        "canceled_at": iso(of.canceled_at) if of.canceled_at else None,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.updated_at),
        **_echo(**echo),
        "mode": mode,
    }


def pending_checkout(of: Checkout, *, mode: str) -> Entity:
    """Return a checkout that nobody has paid: its product is an id, and only what was sent is echoed."""
    return {
        "id": of.id,
        "mode": mode,
        "object": "checkout",
        "product": of.product_id,
        "units": of.units,
        "custom_fields": [],
        "status": of.status,
        **_echo(request_id=of.request_id, success_url=of.success_url, metadata=of.metadata),
    }


def completed_checkout(
    of: Checkout, *, paid: Order, sold: Product, buyer: Customer, began: Entity | None = None, mode: str
) -> Entity:
    """Return a paid checkout with order, product and customer in full, as its webhook has it.

    ``began`` is the subscription that began with it.
    """
    return {
        "id": of.id,
        "object": "checkout",
        **_echo(request_id=of.request_id),
        "order": order(paid, mode=mode),
        "product": product(sold, mode=mode),
        "units": of.units,
        **_echo(success_url=of.success_url),
        "customer": customer(buyer, mode=mode),
        **_echo(subscription=began),
        "status": of.status,
        **_echo(metadata=of.metadata),
        "mode": mode,
    }


def checkout_beside(of: Checkout, *, mode: str) -> Entity:
    """Return a checkout as it stands beside a refund or a dispute."""
    return {
        "id": of.id,
        "object": "checkout",
        **_echo(request_id=of.request_id),
        "custom_fields": [],
        "status": of.status,
        **_echo(metadata=of.metadata),
        "mode": mode,
    }


def event(kind: str, about: Entity, *, event_id: str, created_at: int) -> Entity:
    """Return a webhook's envelope."""
    return {"eventType": kind, "object": about, "id": event_id, "created_at": created_at}


def pagination(records: int, *, number: int, size: int) -> Entity:
    """Return where among ``records`` the page of this number is."""
    pages = -(-records // size)
    return {
        "total_records": records,
        "total_pages": pages,
        "current_page": number,
        "next_page": number + 1 if number < pages else None,
        "prev_page": number - 1 if number > 1 else None,
    }


def _echo(**optional: Any) -> Entity:
    return {name: value for name, value in optional.items() if value is not None}
