"""Payments of another day: kept as a notification tells them, so that they can be asked for."""

from collections.abc import Mapping
from typing import Any

from sandbox.clock import now_ms
from sandbox.nowpayments.entities import Payment


def read(said: Mapping[str, Any]) -> Payment:
    """Return the payment of which a notification says so much; nothing moves it on by itself.

    Raises KeyError for what says too little.
    """
    at = now_ms()
    return Payment(
        id=str(said["payment_id"]),
        purchase_id=str(said["purchase_id"]),
        parent_id=_text(said.get("parent_payment_id")),
        invoice_id=_text(said.get("invoice_id")),
        status=said["payment_status"],
        price_amount=str(said["price_amount"]),
        price_currency=said["price_currency"],
        pay_currency=said["pay_currency"],
        pay_amount=str(said["pay_amount"]),
        pay_address=said["pay_address"],
        payin_extra_id=said.get("payin_extra_id"),
        actually_paid=str(said["actually_paid"]),
        worth=str(said.get("actually_paid_at_fiat", 0)),
        outcome=_text(said.get("outcome_amount")),
        outcome_currency=said["outcome_currency"],
        order_id=said["order_id"],
        order_description=said.get("order_description"),
        ipn_callback_url=None,
        is_fixed_rate=False,
        is_fee_paid_by_user=False,
        due_at=None,
        estimate_until=at,
        valid_until=at,
        created_at=at,
        updated_at=at,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
