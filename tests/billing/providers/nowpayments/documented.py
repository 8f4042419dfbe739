"""What NowPayments documents of the calls that we make, and what is wrong with a call by its word."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from tests.billing.providers.nowpayments.on_record import fixture

_ORDER = {
    "order_id": str,
    "order_description": str,
    "ipn_callback_url": str,
    "is_fixed_rate": bool,
    "is_fee_paid_by_user": bool,
}
_PRICE = {"price_amount": (int, float), "price_currency": str}
_WAYS_BACK = {"success_url": str, "cancel_url": str, "partially_paid_url": str}
_NEW_PAYMENT = {"is_fixed_rate", "is_fee_paid_by_user", "valid_until", "type", "redirectData"}

Kinds = Mapping[str, Any]


class Operation(NamedTuple):
    """An operation: the fields that it is asked with, and an answer on record.

    `also` are fields of the answer that stand in the guide, but in no sample.
    """

    required: Kinds
    optional: Kinds
    status: int
    answer: str
    also: frozenset[str] = frozenset()


OPERATIONS: Mapping[str, Operation] = {
    "GET /status": Operation({}, {}, 200, "api.status.response"),
    "POST /auth": Operation({"email": str, "password": str}, {}, 200, "api.auth.response"),
    "GET /merchant/coins": Operation({}, {}, 200, "api.merchant-coins.response.live-shape"),
    "GET /full-currencies": Operation({}, {}, 200, "api.full-currencies.response.live-shape"),
    "GET /min-amount": Operation(
        {"currency_from": str, "currency_to": str},
        {"fiat_equivalent": str, "is_fixed_rate": str, "is_fee_paid_by_user": str},
        200,
        "api.min-amount.response.live-shape",
    ),
    "GET /estimate": Operation(
        {"amount": str, "currency_from": str, "currency_to": str}, {}, 200, "api.estimate.response.live-shape"
    ),
    "POST /invoice": Operation(
        _PRICE,
        {"pay_currency": str, **_ORDER, **_WAYS_BACK},
        201,
        "api.invoice.create.response",
        frozenset(
            {"token_id", "partially_paid_url", "payout_currency", "is_fixed_rate", "is_fee_paid_by_user"}
        ),
    ),
    "POST /payment": Operation(
        {**_PRICE, "pay_currency": str},
        _ORDER,
        201,
        "api.payment.create.response",
        frozenset(_NEW_PAYMENT),
    ),
    "POST /invoice-payment": Operation(
        {"iid": str, "pay_currency": str},
        {"order_description": str, "customer_email": str, "purchase_id": str},
        201,
        "api.invoice-payment.create.response",
        frozenset(_NEW_PAYMENT),
    ),
    "POST /payment/{id}/update-merchant-estimate": Operation(
        {}, {}, 200, "api.payment.update-merchant-estimate.response"
    ),
    "GET /payment/{id}": Operation(
        {}, {}, 200, "api.payment.get.response.live-shape", frozenset({"parent_payment_id"})
    ),
    "GET /payment/": Operation(
        {},
        dict.fromkeys(("limit", "page", "sortBy", "orderBy", "dateFrom", "dateTo", "invoiceId"), str),
        200,
        "api.payment.list.response",
    ),
}
_IDS = re.compile(r"/[0-9]{10}(?=/|$)")
_NUMBERS = (int, float)


def complaints(call: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a call and its answer, as the sandbox's traffic has them."""
    path = _IDS.sub("/{id}", call["path"].removeprefix("/nowpayments/v1"))
    operation = OPERATIONS.get(f"{call['method']} {path}")
    if operation is None:
        return [f"there is no {call['method']} {path}"]
    asked = call["query"] if call["method"] == "GET" else orjson.loads(call["body"] or b"{}")
    wrong_status = [f"answer: {call['status']}"] if call["status"] != operation.status else []
    return [*_wrong_fields(operation, asked), *wrong_status, *_wrong_answer(operation, call["answer"])]


def unlike(sample: Any, value: Any, *, where: str) -> Iterator[str]:
    """Yield where ``value`` is not made as ``sample`` is; null on either side says nothing of a kind."""
    if isinstance(sample, list) and isinstance(value, list):
        yield from (
            wrong for each in value if sample for wrong in unlike(sample[0], each, where=f"{where}[]")
        )
    elif isinstance(sample, dict) and isinstance(value, dict):
        yield from (f"{where}: {name} is missing" for name in sample.keys() - value.keys())
        for name in sample.keys() & value.keys():
            yield from unlike(sample[name], value[name], where=f"{where}.{name}")
    elif None not in (sample, value) and _kind(sample) != _kind(value):
        yield f"{where}: {value!r} is not like {sample!r}"


def _wrong_fields(operation: Operation, asked: Mapping[str, Any]) -> Iterator[str]:
    known = {**operation.required, **operation.optional}
    yield from (f"{name} is missing" for name in operation.required.keys() - asked.keys())
    yield from (f"{name} is not known" for name in asked.keys() - known.keys())
    for name in asked.keys() & known.keys():
        if not isinstance(asked[name], known[name]):
            yield f"{name} is {asked[name]!r}"


def _wrong_answer(operation: Operation, answer: str) -> Iterator[str]:
    sample, said = fixture(operation.answer), orjson.loads(answer)
    yield from unlike(sample, said, where="answer")
    yield from (f"answer: {name} is not known" for name in said.keys() - sample.keys() - operation.also)


def _kind(value: Any) -> str:
    return "number" if type(value) in _NUMBERS else type(value).__name__
