"""What models cost at their makers and hosts, by the list that the `genai-prices` package carries.

The list is read as data, offline. The package's own arithmetic is never asked: it would follow the clock and
updates of the list, and charge today's call by tomorrow's price.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version

from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices, TimeOfDateConstraint

from ledger.errors import SourceUnknown, SourceWithoutPrice

NAME = f"genai-prices {version('genai-prices')}"

_INPUT, _CACHED_INPUT = ("input_mtok",), ("cache_read_mtok",)
_CACHE_WRITE, _OUTPUT = ("cache_write_mtok", "cache_write_1h_mtok"), ("output_mtok", "output_reasoning_mtok")
_KNOWN = frozenset((*_INPUT, *_CACHED_INPUT, *_CACHE_WRITE, *_OUTPUT))
_SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Quote:
    """What a model costs, in USD per million tokens. None where the list says nothing.

    A rate of ours has one price for each kind. Where the list has several, for hours of the day or lengths of
    input, the highest is here, and `remarks` say so.
    """

    input: Decimal
    cached_input: Decimal | None
    cache_write: Decimal | None
    output: Decimal
    remarks: Sequence[str]


def quote(source: str, *, at: datetime) -> Quote:
    """Return what ``source``, such as `deepseek/deepseek-chat`, costs at that time.

    Raises SourceUnknown, which names what comes close, or SourceWithoutPrice.
    """
    model = _model(source)
    prices = _in_force(model, at)
    fresh = _highest(prices, _INPUT)
    if fresh is None:
        raise SourceWithoutPrice(source)
    return Quote(
        input=fresh,
        cached_input=_highest(prices, _CACHED_INPUT),
        cache_write=_highest(prices, _CACHE_WRITE),
        output=_highest(prices, _OUTPUT) or Decimal(0),
        remarks=_remarks(model, prices),
    )


def _model(source: str) -> ModelInfo:
    """Return the model of exactly this name: the package would look for a similar one, and elsewhere."""
    provider_id, _, model_id = source.partition("/")
    provider = next((each for each in providers if each.id == provider_id), None)
    if provider is None:
        raise SourceUnknown(source, close=_close(provider_id, [each.id for each in providers]))
    model = next((each for each in provider.models if each.id == model_id), None)
    if model is None:
        raise SourceUnknown(source, close=_close_models(provider, model_id))
    return model


def _close_models(provider: Provider, model_id: str) -> list[str]:
    return [f"{provider.id}/{each}" for each in _close(model_id, [model.id for model in provider.models])]


def _close(name: str, names: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(name, names, n=_SUGGESTIONS)


def _in_force(model: ModelInfo, at: datetime) -> list[ModelPrice]:
    """Return every price that holds at some hour of that day. Of prices from some date on, the last holds."""
    if isinstance(model.prices, ModelPrice):
        return [model.prices]
    found = []
    for conditional in reversed(model.prices):
        if isinstance(conditional.constraint, TimeOfDateConstraint):
            found.append(conditional.prices)
        elif conditional.constraint is None or conditional.constraint.active(at):
            return [*found, conditional.prices]
    return [*found, *(first.prices for first in model.prices[:1])]  # as the package does


def _highest(prices: Sequence[ModelPrice], keys: Sequence[str]) -> Decimal | None:
    return max((each for price in prices for key in keys for each in _steps(price, key)), default=None)


def _steps(price: ModelPrice, key: str) -> list[Decimal]:
    match vars(price).get(key):
        case TieredPrices() as tiered:
            return [tiered.base, *(tier.price for tier in tiered.tiers)]
        case Decimal() as plain:
            return [plain]
        case _:
            return []


def _remarks(model: ModelInfo, prices: Sequence[ModelPrice]) -> list[str]:
    named = [(key, each) for price in prices for key, each in vars(price).items() if each is not None]
    keys = {key for key, _ in named}
    others = sorted(keys - _KNOWN)
    remarks = {
        "its price depends on the hour: the highest is taken": len(prices) > 1,
        "its price depends on the length of the input: the highest is taken": any(
            isinstance(each, TieredPrices) for _, each in named
        ),
        "its cache write depends on how long the cache is kept: the highest is taken": (
            keys.issuperset(_CACHE_WRITE)
        ),
        "reasoning has a price of its own: of that and output the highest is taken": keys.issuperset(_OUTPUT),
        "no price of cached input: the usual one is taken": keys.isdisjoint(_CACHED_INPUT),
        "no price of output: nothing is taken": keys.isdisjoint(_OUTPUT),
        f"it also charges for {', '.join(others)}: these have no price here": bool(others),
        "it is deprecated there": bool(model.deprecated),
    }
    return [remark for remark, holds in remarks.items() if holds]
