"""The list of all payments: sorted, narrowed and cut into pages as asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.nowpayments import wire
from sandbox.nowpayments.entities import Payment
from sandbox.nowpayments.errors import ApiError, invalid

_LARGEST_PAGE, _USUAL_PAGE = 500, 10
_SORTABLE = ("created_at", "payment_id", "updated_at")


def page(payments: Sequence[Payment], query: Mapping[str, str]) -> dict[str, Any]:
    """Return the page of ``payments`` that a query asks for; raises ApiError."""
    limit, number = _whole(query, "limit", usual=_USUAL_PAGE), _whole(query, "page", usual=0)
    if not 1 <= limit <= _LARGEST_PAGE:
        raise invalid(f"limit must be from 1 to {_LARGEST_PAGE}")
    found = _sorted([each for each in payments if _fits(each, query)], query)
    return {
        "data": [wire.listed(each) for each in found[number * limit : (number + 1) * limit]],
        "limit": limit,
        "page": number,
        "pagesCount": -(-len(found) // limit),
        "total": len(found),
    }


def _fits(payment: Payment, query: Mapping[str, str]) -> bool:
    invoice_id, since, until = query.get("invoiceId"), query.get("dateFrom"), query.get("dateTo")
    return (
        (not invoice_id or payment.invoice_id == invoice_id)
        and (not since or payment.created_at >= _moment_ms(since))
        and (not until or payment.created_at <= _moment_ms(until))
    )


def _sorted(payments: list[Payment], query: Mapping[str, str]) -> list[Payment]:
    name, order = query.get("sortBy", "created_at"), query.get("orderBy", "asc")
    if name not in _SORTABLE:
        raise invalid(f"sortBy must be one of [{', '.join(_SORTABLE)}]")
    if order not in {"asc", "desc"}:
        raise ApiError(500, "INTERNAL_ERROR", "Internal server error")  # it breaks there, and is not refused
    column = "id" if name == "payment_id" else name
    return sorted(payments, key=lambda each: (getattr(each, column), each.id), reverse=order == "desc")


def _whole(query: Mapping[str, str], name: str, *, usual: int) -> int:
    text = query.get(name, str(usual))
    if not text.isdecimal():
        raise invalid(f"{name} must be a number")
    return int(text)


def _moment_ms(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() * 1000
    except ValueError:
        raise invalid("dates must be in ISO format") from None
