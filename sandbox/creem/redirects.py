"""The signed redirect that takes a buyer who has paid back to the shop."""

import hashlib

from yarl import URL

from sandbox.creem.entities import Checkout, Order


def after_payment(checkout: Checkout, order: Order, *, success_url: str, api_key: str) -> URL:
    """Return where the buyer goes: the success URL with what was paid, signed."""
    facts = {
        "checkout_id": checkout.id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        **({"subscription_id": order.subscription_id} if order.subscription_id else {}),
        "product_id": order.product_id,
    }
    if checkout.request_id:
        facts["request_id"] = checkout.request_id
    return URL(success_url).update_query(facts | {"signature": sign(facts, api_key=api_key)})


def sign(facts: dict[str, str], *, api_key: str) -> str:
    """Return Creem's signature: a plain SHA-256 over the facts in their order, salted with the API key."""
    salted = "|".join(f"{name}={value}" for name, value in [*facts.items(), ("salt", api_key)])
    return hashlib.sha256(salted.encode()).hexdigest()
