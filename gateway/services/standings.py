"""What a caller may do, asked without setting anything aside: for lists, counts and receipts."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
from psycopg import AsyncConnection

from gateway.errors import LedgerRefused, NotReady, ReceiptUnknown
from gateway.services.credentials import Credentials
from gateway.services.engine import PATIENCE_SECONDS, Engine
from ledger.services import key_standing, receipts
from ledger.services.holds import RefusalReason
from ledger.services.key_standing import Standing
from ledger.services.pricing import OfferedModel
from ledger.services.receipts import Receipt

T = TypeVar("T")


async def open_models(credentials: Credentials, engine: Engine) -> list[OfferedModel]:
    """Return the models that the caller may call, by their public names."""
    standing = await require(credentials, engine)
    offers = [model.offer for model in engine.catalogue.listed()]
    return [offer for offer in offers if _is_open(offer, standing)]


async def find_model(name: str, credentials: Credentials, engine: Engine) -> OfferedModel:
    """Return the model that answers to ``name``, whether or not the caller has the credit to call it."""
    await require(credentials, engine)
    return engine.catalogue.find(name).offer


async def require(credentials: Credentials, engine: Engine) -> Standing:
    """Return the caller's standing; raise LedgerRefused when the key may not call."""

    async def look_up(connection: AsyncConnection) -> Standing:
        return await key_standing.look_up(
            connection,
            credentials.key_id,
            credentials.secret_hashes,
            client_address=credentials.client_address,
        )

    standing = await _asked(look_up, engine)
    if standing.refusal is not None:
        raise LedgerRefused(standing.refusal)
    return standing


async def find_receipt(request_id: uuid.UUID, credentials: Credentials, engine: Engine) -> Receipt:
    """Return the receipt of a call that this key made; ReceiptUnknown for any other id."""

    async def look_up(connection: AsyncConnection) -> Receipt | RefusalReason | None:
        return await receipts.of_key(
            connection,
            request_id,
            key_id=credentials.key_id,
            secret_hashes=credentials.secret_hashes,
            client_address=credentials.client_address,
        )

    match await _asked(look_up, engine):
        case Receipt() as receipt:
            return receipt
        case RefusalReason() as reason:
            raise LedgerRefused(reason)
        case None:
            raise ReceiptUnknown


def _is_open(offer: OfferedModel, standing: Standing) -> bool:
    is_allowed = standing.allowed_models is None or offer.id in standing.allowed_models
    return is_allowed and (offer.is_free or standing.may_use_paid)


async def _asked(look_up: Callable[[AsyncConnection], Awaitable[T]], engine: Engine) -> T:
    looking = asyncio.create_task(_connected(look_up, engine))
    # Not cancelled when it takes too long: psycopg would wait for the very database that does not answer.
    await asyncio.wait({looking}, timeout=PATIENCE_SECONDS)
    if not looking.done():
        raise NotReady
    return looking.result()


async def _connected(look_up: Callable[[AsyncConnection], Awaitable[T]], engine: Engine) -> T:
    try:
        async with engine.pool.connection(timeout=PATIENCE_SECONDS) as connection:
            return await look_up(connection)
    except psycopg.OperationalError:  # that the pool has no connection to give is one too
        raise NotReady from None
