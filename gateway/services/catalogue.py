"""What is on offer: the ledger's models that a channel serves, kept in memory and read again all the time."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import django.db
from django.db import connection
from django.utils import timezone

from gateway.errors import ModelUnknown, NotReady
from gateway.providers.routes import Route
from gateway.services import channels
from ledger.services import pricing
from ledger.services.pricing import OfferedModel

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that can be called now: what the ledger says of it, and where to ask, best first."""

    offer: OfferedModel
    routes: Sequence[Route]


class Catalogue:
    """The models of this moment, by every name that they answer to."""

    def __init__(self) -> None:
        self._by_name: Mapping[str, ServedModel] | None = None
        self._was_read = asyncio.Event()

    def find(self, name: str) -> ServedModel:
        """Return the model that answers to ``name``; ModelUnknown when none does, or none serves it."""
        if self._by_name is None:
            raise NotReady
        model = self._by_name.get(name)
        if model is None:
            raise ModelUnknown(name)
        return model

    def listed(self) -> list[ServedModel]:
        """Return every model once, by its public name."""
        if self._by_name is None:
            raise NotReady
        return [model for name, model in self._by_name.items() if name == model.offer.name]

    async def keep_fresh(self) -> None:
        """Read the catalogue again and again. What was read last stays while the database is away."""
        while True:
            # In a task of its own: what nobody foresaw ends one reading, not all that would follow.
            reading = asyncio.create_task(self.refresh())
            await asyncio.wait({reading})
            if fault := reading.exception():
                log.error("the catalogue could not be read", exc_info=fault)
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Read the catalogue once, if the database is there."""
        try:
            self._by_name = await asyncio.to_thread(_read)
        except django.db.Error as away:
            log.warning("the catalogue could not be read: %s", type(away).__name__)
        else:
            self._was_read.set()

    async def wait_until_read(self, *, seconds: float) -> None:
        """Return when the catalogue was read for the first time, or after ``seconds``."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._was_read.wait(), seconds)


def _read() -> Mapping[str, ServedModel]:
    try:
        return _by_name(pricing.catalogue(timezone.now()), channels.routes())
    finally:
        # The thread is borrowed: its connection must not stay open behind it.
        connection.close()


def _by_name(offers: Sequence[OfferedModel], routes: Mapping[int, Sequence[Route]]) -> dict[str, ServedModel]:
    served = [ServedModel(offer, routes[offer.id]) for offer in offers if offer.id in routes]
    by_alias = {alias: model for model in served for alias in model.offer.aliases}
    return by_alias | {model.offer.name: model for model in served}
