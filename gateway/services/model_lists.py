"""Which models a caller may call: the free ones, and with credit all of them."""

import asyncio

import psycopg

from gateway.errors import LedgerRefused, NotReady
from gateway.services.credentials import Credentials
from gateway.services.engine import PATIENCE_SECONDS, Engine
from ledger.services import key_standing
from ledger.services.key_standing import Standing
from ledger.services.pricing import OfferedModel


async def open_to(credentials: Credentials, engine: Engine) -> list[OfferedModel]:
    """Return the models that the caller may call, by their public names."""
    standing = await _standing(credentials, engine)
    offers = [model.offer for model in engine.catalogue.listed()]
    return [offer for offer in offers if _is_open(offer, standing)]


async def find(name: str, credentials: Credentials, engine: Engine) -> OfferedModel:
    """Return the model that answers to ``name``, whether or not the caller has the credit to call it."""
    await _standing(credentials, engine)
    return engine.catalogue.find(name).offer


def _is_open(offer: OfferedModel, standing: Standing) -> bool:
    is_allowed = standing.allowed_models is None or offer.id in standing.allowed_models
    return is_allowed and (offer.is_free or standing.may_use_paid)


async def _standing(credentials: Credentials, engine: Engine) -> Standing:
    looking = asyncio.create_task(_look_up(credentials, engine))
    # Not cancelled when it takes too long: psycopg would wait for the very database that does not answer.
    await asyncio.wait({looking}, timeout=PATIENCE_SECONDS)
    if not looking.done():
        raise NotReady
    standing = looking.result()
    if standing.refusal is not None:
        raise LedgerRefused(standing.refusal)
    return standing


async def _look_up(credentials: Credentials, engine: Engine) -> Standing:
    try:
        async with engine.pool.connection(timeout=PATIENCE_SECONDS) as connection:
            return await key_standing.look_up(
                connection, credentials.key_id, credentials.secret_hashes, client_address=""
            )
    except psycopg.OperationalError:  # that the pool has no connection to give is one too
        raise NotReady from None
