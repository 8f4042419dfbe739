"""Rates taken from a price list, with a markup: planned and shown first, set only when somebody says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from ledger.errors import RatesImpossible, SourceUnknown, SourceWithoutPrice
from ledger.models import LanguageModel, Rate
from ledger.models.pricing import HIGHEST_RATE
from ledger.money import UnitRates, marked_up, unit_rates
from ledger.providers import price_lists
from ledger.providers.price_lists import Quote
from ledger.services import pricing


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model costs now, if anything, and what it would cost by the list."""

    model: LanguageModel
    old: UnitRates | None
    new: UnitRates
    remarks: Sequence[str]

    @property
    def is_change(self) -> bool:
        """Tell whether any price differs."""
        return self.old != self.new


class Fault(NamedTuple):
    """A model whose price the list cannot tell, and what to do about it."""

    model_name: str
    advice: str


class Plan(NamedTuple):
    """What an import would do."""

    proposals: list[Proposal]
    faults: list[Fault]
    # Models that name no source: somebody prices them by hand.
    by_hand: list[str]


def plan(*, markup_percent: Decimal, at: datetime, model_names: Sequence[str] = ()) -> Plan:
    """Return what the rates of all models with a source, or of the named ones, would be; changes nothing."""
    in_force = {rate.model_id: rate.units for rate in Rate.objects.in_force(at)}
    proposals, faults = [], [Fault(name, "no model has this name") for name in _unheard_of(model_names)]
    by_hand = []
    for model in _wanted(model_names):
        if not model.rates_source:
            by_hand.append(model.name)
            continue
        try:
            quote = price_lists.quote(model.rates_source, at=at)
            new = _marked_up(quote, markup_percent)
        except (SourceUnknown, SourceWithoutPrice, RatesImpossible) as refusal:
            faults.append(Fault(model.name, _advice(refusal, model.rates_source)))
        else:
            proposals.append(Proposal(model, in_force.get(model.pk), new, quote.remarks))
    return Plan(proposals, faults, by_hand)


@transaction.atomic
def apply(proposals: Sequence[Proposal]) -> list[Rate]:
    """Begin a new version of the rates of every model that changes; the past and open calls keep theirs."""
    return [pricing.set_rate(each.model, each.new) for each in proposals if each.is_change]


def _wanted(model_names: Sequence[str]) -> list[LanguageModel]:
    models = LanguageModel.objects.order_by("name")
    return list(models.filter(name__in=model_names) if model_names else models)


def _unheard_of(model_names: Sequence[str]) -> list[str]:
    known = LanguageModel.objects.filter(name__in=model_names).values_list("name", flat=True)
    return sorted(set(model_names) - set(known))


def _marked_up(quote: Quote, percent: Decimal) -> UnitRates:
    kinds = {"input": quote.input, "cached_input": quote.cached_input, "cache_write": quote.cache_write}
    prices = {
        kind: None if price is None else marked_up(price, percent=percent) for kind, price in kinds.items()
    }
    rates = unit_rates(
        input=marked_up(quote.input, percent=percent),
        output=marked_up(quote.output, percent=percent),
        cached_input=prices["cached_input"],
        cache_write=prices["cache_write"],
    )
    if rates.cached_input > rates.input or max(rates) > HIGHEST_RATE:
        raise RatesImpossible
    return rates


def _advice(refusal: SourceUnknown | SourceWithoutPrice | RatesImpossible, source: str) -> str:
    match refusal:
        case SourceUnknown(close=[]):
            return f"the list has no {source!r}: correct its source, or empty it to set rates by hand"
        case SourceUnknown(close=close):
            return f"the list has no {source!r}, but {', '.join(close)}: correct its source"
        case SourceWithoutPrice():
            return f"{source!r} has no price of input tokens: empty its source and set rates by hand"
        case _:
            return f"{source!r} has prices that the books do not keep: empty its source and set rates by hand"
