"""`GET /v1/models` and `GET /v1/models/<id>`: what this key may call, in the form that the caller reads."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.api.http import Call
from gateway.models import Protocol
from gateway.services import standings
from gateway.services.engine import Engine
from ledger.services.pricing import OfferedModel

Shown = dict[str, Any]


async def list_all(call: Call, engine: Engine) -> None:
    """Answer with every model that the caller may call."""
    call.record.route = "models"
    offers = await standings.open_models(call.credentials(), engine)
    shown = [_shown(offer, call.address.protocol) for offer in offers]
    await call.answer(orjson.dumps(_list(shown, call.address.protocol)))


async def show(call: Call, engine: Engine, *, name: str) -> None:
    """Answer with the one model that answers to ``name``; a name may hold slashes."""
    call.record.route = "model"
    offer = await standings.find_model(name, call.credentials(), engine)
    await call.answer(orjson.dumps(_shown(offer, call.address.protocol)))


def _list(models: Sequence[Shown], protocol: Protocol) -> Shown:
    match protocol:
        case Protocol.OPENAI:
            return {"object": "list", "data": models}
        case Protocol.ANTHROPIC:
            ends = {"first_id": models[0]["id"], "last_id": models[-1]["id"]} if models else {}
            return {"data": models, "has_more": False, "first_id": None, "last_id": None, **ends}


def _shown(offer: OfferedModel, protocol: Protocol) -> Shown:
    match protocol:
        case Protocol.OPENAI:
            return {
                "id": offer.name,
                "object": "model",
                "created": int(offer.created_at.timestamp()),
                "owned_by": offer.vendor,
            }
        case Protocol.ANTHROPIC:
            return {
                "type": "model",
                "id": offer.name,
                "display_name": offer.name,
                "created_at": offer.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
