"""A price list of our own, in the place of the one that the package carries."""

from datetime import date, time
from decimal import Decimal

import pytest
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from ledger.providers import price_lists

PROVIDER = "maker"
NIGHT = TimeOfDateConstraint(time(22, 0), time(6, 0))


def price(**kinds: str | TieredPrices) -> ModelPrice:
    """Return prices in USD per million tokens, such as ``input_mtok="0.5"``."""
    return ModelPrice(
        **{kind: Decimal(each) if isinstance(each, str) else each for kind, each in kinds.items()}
    )


def tiers(base: str, above_a_thousand: str) -> TieredPrices:
    """Return a price for short input, and another for long input."""
    return TieredPrices(base=Decimal(base), tiers=[Tier(1_000, Decimal(above_a_thousand))])


def from_day(day: date, prices: ModelPrice) -> ConditionalPrice:
    """Return prices that hold from some day on."""
    return ConditionalPrice(StartDateConstraint(day), prices=prices)


def at_night(prices: ModelPrice) -> ConditionalPrice:
    """Return prices that hold at night."""
    return ConditionalPrice(NIGHT, prices=prices)


def always(prices: ModelPrice) -> ConditionalPrice:
    """Return prices that hold unless a later one does."""
    return ConditionalPrice(prices=prices)


def listing(monkeypatch: pytest.MonkeyPatch, **models: ModelPrice | list[ConditionalPrice]) -> None:
    """Let the list have one provider, with these models."""
    known = [ModelInfo(name, ClauseEquals(name), prices=prices) for name, prices in models.items()]
    provider = Provider(PROVIDER, "Maker", "https://maker.example", models=known)
    monkeypatch.setattr(price_lists, "providers", [provider])
