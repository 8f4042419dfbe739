"""`GET /v1/models` and `GET /v1/models/<id>`: what this key may call."""

import orjson

from gateway.api.http import Call
from gateway.services import model_lists
from gateway.services.engine import Engine
from ledger.services.pricing import OfferedModel


async def list_all(call: Call, engine: Engine) -> None:
    """Answer with every model that the caller may call."""
    offers = await model_lists.open_to(call.credentials(), engine)
    await call.answer(orjson.dumps({"object": "list", "data": [_shown(offer) for offer in offers]}))


async def show(call: Call, engine: Engine, *, name: str) -> None:
    """Answer with the one model that answers to ``name``; a name may hold slashes."""
    offer = await model_lists.find(name, call.credentials(), engine)
    await call.answer(orjson.dumps(_shown(offer)))


def _shown(offer: OfferedModel) -> dict[str, str | int]:
    return {
        "id": offer.name,
        "object": "model",
        "created": int(offer.created_at.timestamp()),
        "owned_by": offer.vendor,
    }
