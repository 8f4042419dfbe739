"""`GET /v1/receipts/<request id>`: what a call used and what it cost, told to the key that made it."""

import uuid
from datetime import datetime
from typing import Any

import orjson

from gateway.api.http import Call
from gateway.errors import ReceiptUnknown
from gateway.services import standings
from gateway.services.engine import Engine
from ledger import money
from ledger.money import NanoUSD
from ledger.services.receipts import Pools, Receipt


async def show(call: Call, engine: Engine, *, request_id: str) -> None:
    """Answer with the receipt. Amounts are in USD, as text with all nine decimals."""
    call.record.route = "receipt"
    credentials = call.credentials()
    try:
        asked = uuid.UUID(request_id)
    except ValueError:
        raise ReceiptUnknown from None
    receipt = await standings.find_receipt(asked, credentials, engine)
    await call.answer(orjson.dumps(_shown(receipt)))


def _shown(receipt: Receipt) -> dict[str, Any]:
    return {
        "object": "receipt",
        "request_id": str(receipt.request_id),
        "state": receipt.state.value,
        "model": receipt.model,
        "reserved_at": _moment(receipt.reserved_at),
        "ended_at": _moment(receipt.ended_at),
        "tokens": receipt.tokens._asdict(),
        "is_free": receipt.is_free,
        "is_estimated": receipt.is_estimated,
        "rate": {
            "version": receipt.rate_version,
            "usd_per_million": {kind: _usd(NanoUSD(rate)) for kind, rate in receipt.rates._asdict().items()},
        },
        "cost_usd": _usd(receipt.cost_nano_usd),
        "paid_usd": _pools(receipt.paid),
        "held_usd": _pools(receipt.held),
        "uncharged_usd": _usd(receipt.uncharged_nano_usd),
    }


def _pools(pools: Pools) -> dict[str, str]:
    return {pool: _usd(amount) for pool, amount in pools._asdict().items()}


def _usd(amount: NanoUSD) -> str:
    return f"{money.as_usd(amount):f}"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
