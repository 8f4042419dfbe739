"""Checkouts: what a valid request for one says, and what is wrong with an invalid one."""

from collections.abc import Mapping
from typing import Any

from yarl import URL

from sandbox.clock import now_ms
from sandbox.creem.entities import Checkout, Customer, Product, new_id
from sandbox.creem.errors import invalid
from sandbox.creem.store import Store

_FIELDS = {"product_id", "request_id", "units", "customer", "success_url", "metadata"}


def open_checkout(store: Store, fields: Any) -> Checkout:
    """Return the new checkout that the body of a create call asks for; raises ApiError."""
    if not isinstance(fields, dict):
        raise invalid("The body must be a JSON object.")
    if complaints := _complaints(fields):
        raise invalid(*complaints)
    checkout = Checkout(
        id=new_id("ch"),
        product_id=store.found(Product, fields["product_id"]).id,
        units=fields.get("units", 1),
        email=_email(store, fields.get("customer", {})),
        request_id=fields.get("request_id"),
        success_url=fields.get("success_url"),
        metadata=fields.get("metadata"),
        status="pending",
        order_id=None,
        created_at=now_ms(),
    )
    store.records.keep(checkout)
    return checkout


def _email(store: Store, customer: Mapping[str, str]) -> str | None:
    return store.found(Customer, customer["id"]).email if "id" in customer else customer.get("email")


def _complaints(fields: Mapping[str, Any]) -> list[str]:
    checks = {
        "The 'product_id' field is required.": bool(fields.get("product_id")),
        "product_id must be a string": isinstance(fields.get("product_id", ""), str),
        "request_id must be a string": isinstance(fields.get("request_id", ""), str),
        "units must be a positive integer": _is_positive_integer(fields.get("units", 1)),
        "success_url must be a valid URL": _is_url(fields.get("success_url", "http://localhost")),
        "metadata must be an object": isinstance(fields.get("metadata", {}), dict),
    }
    complaints = [complaint for complaint, is_met in checks.items() if not is_met]
    complaints += _customer_complaints(fields.get("customer", {}))
    complaints += [f"property {name} should not exist" for name in sorted(fields.keys() - _FIELDS)]
    return complaints


def _customer_complaints(customer: object) -> list[str]:
    match customer:
        case {"id": _, "email": _}:
            return ["You may only specify one of these parameters: customer.id, customer.email"]
        case {"email": str(email), **others} if "@" in email and not others:
            return []
        case {"id": str(), **others} if not others:
            return []
        case _:
            return [] if customer == {} else ["customer.email must be an email"]


def _is_positive_integer(value: object) -> bool:
    return type(value) is int and value > 0


def _is_url(text: object) -> bool:
    try:
        return isinstance(text, str) and URL(text).scheme in {"http", "https"} and bool(URL(text).host)
    except ValueError:
        return False
