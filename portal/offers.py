"""The price list as pages show it: the models, one for samples, and one call worked out."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger import money
from ledger.money import NanoUSD, Tokens
from ledger.services import pricing
from ledger.services.pricing import OfferedModel

# A call of ordinary size: a long conversation, of which the model remembers the most.
FRESH_INPUT, CACHED_INPUT, OUTPUT = Tokens(1_200), Tokens(8_000), Tokens(500)


class WorkedLine(NamedTuple):
    """One kind of tokens in a worked call: how many, at which rate, for how much."""

    label: Promise
    tokens: Tokens
    rate: int
    cost: NanoUSD


class WorkedCall(NamedTuple):
    """What one call costs, line by line."""

    model_name: str
    lines: list[WorkedLine]
    cost: NanoUSD


@dataclass(frozen=True, slots=True)
class PriceList:
    """What the shop offers now."""

    models: list[OfferedModel]

    @property
    def sample_model(self) -> str:
        """Return the name for samples of chats: a free model when there is one, since that answers all."""
        best_first = sorted(self.models, key=lambda model: (not model.writes, not model.is_free))
        return best_first[0].name if best_first else "model-name"

    @property
    def worked_call(self) -> WorkedCall | None:
        """Return one call of ordinary size by the rates of the first model that costs anything."""
        paid = next((model for model in self.models if not model.is_free), None)
        return _worked(paid) if paid else None


def today() -> PriceList:
    """Return the price list as it is now."""
    return PriceList(pricing.catalogue(timezone.now()))


def _worked(model: OfferedModel) -> WorkedCall:
    rates = model.rates
    kinds = [
        (_("Fresh input"), FRESH_INPUT, rates.input),
        (_("Cached input"), CACHED_INPUT, rates.cached_input),
        (_("Output"), OUTPUT, rates.output),
    ]
    lines = [WorkedLine(label, count, rate, _cost(count, rate)) for label, count, rate in kinds]
    cost = money.cost(rates, input_tokens=FRESH_INPUT, cached_input_tokens=CACHED_INPUT, output_tokens=OUTPUT)
    return WorkedCall(model.name, lines, cost)


def _cost(tokens: Tokens, rate: int) -> NanoUSD:
    return money.cost(money.unit_rates(input=rate, output=0), input_tokens=tokens, output_tokens=0)
