"""Products: what a valid one says, and what is wrong with an invalid one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from sandbox.clock import now_ms
from sandbox.creem.entities import Product, new_id
from sandbox.creem.errors import invalid

SMALLEST_PRICE = 100

_PERIODS = ("every-month", "every-three-months", "every-six-months", "every-year")
_CHOICES: Mapping[str, Sequence[str]] = {
    "currency": ("USD", "EUR"),
    "billing_type": ("onetime", "recurring"),
    "tax_mode": ("inclusive", "exclusive"),
    "tax_category": ("saas", "digital-goods-service", "ebooks"),
}
_FIELDS = {"name", "description", "price", "billing_period", "default_success_url", "trial_days", *_CHOICES}
MOST_TRIAL_DAYS = 90


def read_product(fields: Any) -> Product:
    """Return the product that the body of a create call states; raises ApiError, saying all that is wrong."""
    if not isinstance(fields, dict):
        raise invalid("The body must be a JSON object.")
    stated = {"tax_mode": "inclusive", "tax_category": "saas", **fields}
    checks = (_wrong_texts, _wrong_choices, _wrong_price, _wrong_period, _wrong_trial)
    complaints = [complaint for check in checks for complaint in check(stated)]
    complaints += [f"property {name} should not exist" for name in sorted(fields.keys() - _FIELDS)]
    if complaints:
        raise invalid(*complaints)
    return Product(
        id=new_id("prod"),
        name=stated["name"],
        description=stated["description"],
        price=stated["price"],
        currency=stated["currency"],
        billing_type=stated["billing_type"],
        billing_period=stated.get("billing_period", "once"),
        tax_mode=stated["tax_mode"],
        tax_category=stated["tax_category"],
        default_success_url=stated.get("default_success_url"),
        created_at=now_ms(),
        trial_days=stated.get("trial_days", 0),
    )


def configured(orders: Any) -> list[Product]:
    """Return the products that a list of JSON objects states, with the ids that they name.

    Left out, `description` is the name and `billing_type` is onetime. Raises ApiError.
    """
    if not isinstance(orders, list):
        raise invalid("Products are a list of JSON objects.")
    return [_configured(order) for order in orders]


def parse(text: str) -> list[Product]:
    """Return the products that JSON ``text`` states; raises ValueError."""
    return configured(orjson.loads(text))


def _configured(order: Any) -> Product:
    if not isinstance(order, dict) or not isinstance(order.get("id"), str):
        raise invalid("A product is a JSON object with an id.")
    usual = {"description": order.get("name"), "billing_type": "onetime"}
    fields = {name: value for name, value in order.items() if name != "id"}
    return replace(read_product(usual | fields), id=order["id"])


def _wrong_texts(stated: Mapping[str, Any]) -> list[str]:
    texts = {name: stated.get(name) for name in ("name", "description")}
    return [
        f"{name} must be a string" for name, text in texts.items() if not isinstance(text, str) or not text
    ]


def _wrong_choices(stated: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} must be one of the following values: {', '.join(choices)}"
        for name, choices in _CHOICES.items()
        if stated.get(name) not in choices
    ]


def _wrong_price(stated: Mapping[str, Any]) -> list[str]:
    price = stated.get("price")
    if type(price) is not int or (price != 0 and price < SMALLEST_PRICE):
        return [f"price must be 0 or at least {SMALLEST_PRICE}"]
    return []


def _wrong_period(stated: Mapping[str, Any]) -> list[str]:
    period = stated.get("billing_period")
    if stated.get("billing_type") == "recurring" and period not in _PERIODS:
        return [f"billing_period must be one of the following values: {', '.join(_PERIODS)}"]
    if stated.get("billing_type") == "onetime" and period is not None:
        return ["billing_period should not exist on one-time products"]
    return []


def _wrong_trial(stated: Mapping[str, Any]) -> list[str]:
    days = stated.get("trial_days", 0)
    if type(days) is not int or not 0 <= days <= MOST_TRIAL_DAYS:
        return [f"trial_days must be a whole number up to {MOST_TRIAL_DAYS}"]
    return ["trial_days should not exist on one-time products"] if days and _is_once(stated) else []


def _is_once(stated: Mapping[str, Any]) -> bool:
    return stated.get("billing_type") == "onetime"
