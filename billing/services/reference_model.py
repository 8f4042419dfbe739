"""The reference model: the one whose tokens the packages count."""

from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from ledger.services import pricing
from ledger.services.pricing import OfferedModel


class Yardstick(NamedTuple):
    """The reference model as pages explain it."""

    model: OfferedModel

    @property
    def cache_divisor(self) -> int | None:
        """Return how many times cheaper cached input is than fresh, when that is a whole number."""
        rates = self.model.rates
        if not rates.cached_input or rates.input % rates.cached_input:
            return None
        return rates.input // rates.cached_input


def find() -> Yardstick | None:
    """Return the reference model if the shop offers it."""
    model = next((each for each in _offered() if each.name == settings.REFERENCE_MODEL), None)
    return Yardstick(model) if model else None


def for_samples() -> str:
    """Return a model that a buyer's key can call: the reference model, else any that costs something."""
    models = sorted(_offered(), key=lambda each: (each.name != settings.REFERENCE_MODEL, each.is_free))
    return models[0].name if models else "model-name"


def _offered() -> list[OfferedModel]:
    return pricing.catalogue(timezone.now())
