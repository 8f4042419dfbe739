"""How NowPayments' objects look on the wire: in each place with other types, as it is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.clock import iso
from sandbox.nowpayments import fees
from sandbox.nowpayments.coins import COINS, Coin
from sandbox.nowpayments.entities import Invoice, Payment

Entity = dict[str, Any]


def invoice(of: Invoice, *, url: str) -> Entity:
    """Return an invoice as the answer to its creation has it: the price is a text."""
    return {
        "id": of.id,
        "token_id": of.id,
        "order_id": of.order_id,
        "order_description": of.order_description,
        "price_amount": of.price_amount,
        "price_currency": of.price_currency,
        "pay_currency": of.pay_currency,
        "ipn_callback_url": of.ipn_callback_url,
        "invoice_url": url,
        "success_url": of.success_url,
        "cancel_url": of.cancel_url,
        "partially_paid_url": of.partially_paid_url,
        "payout_currency": None,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.created_at),
        "is_fixed_rate": of.is_fixed_rate,
        "is_fee_paid_by_user": of.is_fee_paid_by_user,
    }


def created(of: Payment) -> Entity:
    """Return a payment as the answer to its creation has it: its ids are texts."""
    coin = COINS[of.pay_currency]
    return {
        "payment_id": of.id,
        "payment_status": of.status,
        "pay_address": of.pay_address,
        **_price(of),
        "order_id": of.order_id,
        "order_description": of.order_description,
        "ipn_callback_url": of.ipn_callback_url,
        "created_at": iso(of.created_at),
        "updated_at": iso(of.updated_at),
        "purchase_id": of.purchase_id,
        "amount_received": None,
        "payin_extra_id": of.payin_extra_id,
        "smart_contract": coin.smart_contract or "",
        "network": coin.network,
        "network_precision": coin.network_precision,
        "time_limit": None,
        "burning_percent": None,
        "expiration_estimate_date": iso(of.estimate_until),
        "is_fixed_rate": of.is_fixed_rate,
        "is_fee_paid_by_user": of.is_fee_paid_by_user,
        "valid_until": iso(of.valid_until),
        "type": "crypto2crypto",
    }


def asked(of: Payment) -> Entity:
    """Return a payment as the answer to a question for it has it: its ids are numbers."""
    return {
        "payment_id": int(of.id),
        "invoice_id": _number(of.invoice_id),
        "payment_status": of.status,
        "pay_address": of.pay_address,
        "payin_extra_id": of.payin_extra_id,
        "price_amount": Decimal(of.price_amount),
        "price_currency": of.price_currency,
        "pay_amount": Decimal(of.pay_amount),
        "actually_paid": Decimal(of.actually_paid),
        "actually_paid_at_fiat": Decimal(of.worth),
        "pay_currency": of.pay_currency,
        "order_id": of.order_id,
        "order_description": of.order_description,
        "purchase_id": int(of.purchase_id),
        **_outcome(of),
        "payout_hash": None,
        "payin_hash": None if of.actually_paid == "0" else f"hash-of-{of.id}",
        "created_at": iso(of.created_at),
        "updated_at": iso(of.updated_at),
        "burning_percent": "null",
        "type": "crypto2crypto",
        "payment_extra_ids": [int(child_id) for child_id in of.extra_ids],
        **({"parent_payment_id": int(of.parent_id)} if of.parent_id else {}),
    }


def listed(of: Payment) -> Entity:
    """Return a payment as the list has it."""
    unlisted = {"actually_paid_at_fiat", "burning_percent"}
    return {
        **{name: value for name, value in asked(of).items() if name not in unlisted},
        **({"origin_type": "REPEATED"} if of.parent_id else {}),
    }


def estimate(of: Payment) -> Entity:
    """Return what a payment asks for now, and for how long."""
    return {
        "id": of.id,
        "token_id": of.id,
        "pay_amount": Decimal(of.pay_amount),
        "expiration_estimate_date": iso(of.estimate_until),
    }


def told(of: Payment) -> Entity:
    """Return a payment as a notification has it, in the order of NowPayments' guide."""
    return {
        "payment_id": int(of.id),
        "parent_payment_id": _number(of.parent_id),
        "invoice_id": _number(of.invoice_id),
        "payment_status": of.status,
        "pay_address": of.pay_address,
        "payin_extra_id": of.payin_extra_id,
        "price_amount": Decimal(of.price_amount),
        "price_currency": of.price_currency,
        "pay_amount": Decimal(of.pay_amount),
        "actually_paid": Decimal(of.actually_paid),
        "actually_paid_at_fiat": Decimal(of.worth),
        "pay_currency": of.pay_currency,
        "order_id": of.order_id,
        "order_description": of.order_description,
        "purchase_id": of.purchase_id,
        **_outcome(of),
        "payment_extra_ids": None,
        "fee": fees.stated(of),
        "updated_at": of.updated_at,
    }


def coin(of: Coin, *, number: int) -> Entity:
    """Return a coin: its code is in capitals here, and its network's precision a text."""
    return {
        "id": number,
        "code": of.code.upper(),
        "name": of.name,
        "enable": True,
        "wallet_regex": "^.{20,80}$",
        "priority": number,
        "extra_id_exists": of.memo is not None,
        "extra_id_optional": of.memo is not None,
        "extra_id_regex": of.memo,
        "logo_url": f"/images/coins/{of.code}.svg",
        "track": True,
        "cg_id": of.ticker,
        "is_maxlimit": False,
        "network": of.network,
        "ticker": of.ticker,
        "smart_contract": of.smart_contract,
        "precision": of.precision,
        "network_precision": str(of.network_precision),
        "available_for_payment": True,
        "available_for_payout": True,
        "is_popular": of.code in {"btc", "usdttrc20"},
        "is_stable": of.ticker in {"usdt", "usdc"},
    }


def _price(of: Payment) -> Mapping[str, Any]:
    return {
        "price_amount": Decimal(of.price_amount),
        "price_currency": of.price_currency,
        "pay_amount": Decimal(of.pay_amount),
        "pay_currency": of.pay_currency,
    }


def _outcome(of: Payment) -> Mapping[str, Any]:
    amount = None if of.outcome is None else Decimal(of.outcome)
    return {"outcome_amount": amount, "outcome_currency": of.outcome_currency}


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
