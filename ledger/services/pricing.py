"""What the shop offers and what it costs. A price never changes: a new version of it begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from ledger.models import LanguageModel, Rate
from ledger.money import UnitRates


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """The most that one call of a model can read and write, and what the model adds to what it reads."""

    context_tokens: int
    output_tokens: int
    input_overhead_tokens: int
    # Of one image, audio or file; None when nobody knows.
    media_part_tokens: int | None


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """One line of the price list."""

    id: int
    name: str
    vendor: str
    aliases: Sequence[str]
    is_free: bool
    created_at: datetime
    limits: ModelLimits
    rates: UnitRates
    rate_version: int

    @property
    def writes(self) -> bool:
        """Tell whether it writes, as far as its terms show: one token, or output for nothing, is no text."""
        return self.limits.output_tokens > 1 and (self.is_free or self.rates.output > 0)


def catalogue(at: datetime) -> list[OfferedModel]:
    """Return the price list as it is at that time, by name. A model without a rate is not offered yet."""
    rates = {rate.model_id: rate for rate in Rate.objects.in_force(at)}
    models = LanguageModel.objects.offered().prefetch_related("aliases")
    return [_offer(model, rates[model.pk]) for model in models if model.pk in rates]


@transaction.atomic
def set_rate(model: LanguageModel, rates: UnitRates) -> Rate:
    """Let ``model`` cost this from now on, as a new version; open calls keep the rate they began with."""
    LanguageModel.objects.select_for_update(no_key=True).get(pk=model.pk)  # versions are counted one by one
    latest = model.rates.aggregate(version=Max("version", default=0))
    return Rate.objects.create(
        model=model,
        version=latest["version"] + 1,
        input_nano_usd_per_million=rates.input,
        cached_input_nano_usd_per_million=rates.cached_input,
        cache_write_nano_usd_per_million=rates.cache_write,
        output_nano_usd_per_million=rates.output,
    )


def _offer(model: LanguageModel, rate: Rate) -> OfferedModel:
    return OfferedModel(
        id=model.pk,
        name=model.name,
        vendor=model.vendor,
        aliases=sorted(alias.name for alias in model.aliases.all()),
        is_free=model.is_free,
        created_at=model.created_at,
        limits=ModelLimits(
            model.context_limit_tokens,
            model.output_limit_tokens,
            model.input_overhead_tokens,
            model.media_part_limit_tokens,
        ),
        rates=rate.units,
        rate_version=rate.version,
    )
