"""Every unit, conversion and rounding of money. The books are kept in whole nano-USD.

1 USD = 1,000,000,000 nano-USD; 1 credit = 1 US cent = 10,000,000 nano-USD. A rate is nano-USD per million
tokens.
"""

from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import NamedTuple, NewType

from ledger.errors import NotAnAmount

NanoUSD = NewType("NanoUSD", int)
Tokens = NewType("Tokens", int)

NANO_USD_PER_USD = 1_000_000_000
NANO_USD_PER_CREDIT = 10_000_000
TOKENS_PER_RATE = 1_000_000
# A thousand million USD: far above any balance, far below what a bigint holds.
LARGEST_AMOUNT = NanoUSD(10**18)
# What input from a cache costs when nobody has set another price: this part of fresh input.
CACHED_INPUT_DIVISOR = 50


class PriceFacts(NamedTuple):
    """What was paid for some credit: amount and currency, and how many units of it made one USD that day."""

    amount: Decimal
    currency: str
    units_per_usd: Decimal


class UnitRates(NamedTuple):
    """Nano-USD per million tokens of each kind."""

    input: int
    cached_input: int
    cache_write: int
    output: int


def usd(text: str) -> NanoUSD:
    """Return the amount that ``text`` writes in USD, exactly; raise NotAnAmount rather than round."""
    try:
        nano = Decimal(text).scaleb(9)
        whole = int(nano)
    except (InvalidOperation, ValueError, OverflowError) as unreadable:
        raise NotAnAmount from unreadable
    if whole != nano or abs(whole) > LARGEST_AMOUNT:
        raise NotAnAmount
    return NanoUSD(whole)


def as_usd(amount: NanoUSD) -> Decimal:
    """Return ``amount`` in USD with all nine decimals, exactly."""
    return Decimal(amount).scaleb(-9)


def exact_cost(tokens: int, rate: int) -> Decimal:
    """Return in USD what so many tokens of one kind cost: with up to 15 decimals, before any rounding."""
    return Decimal(tokens * rate).scaleb(-15)


def quota(amount: NanoUSD, *, units_per_usd: int) -> int:
    """Return ``amount`` in a unit of which so many make one USD, rounded up to a whole one."""
    return -(-amount * units_per_usd // NANO_USD_PER_USD)


def unit_rates(
    *,
    input: int,  # noqa: A002 - the kind's name
    output: int,
    cached_input: int | None = None,
    cache_write: int | None = None,
) -> UnitRates:
    """Return rates in which what is not named has its usual price.

    Cached input costs a fiftieth of fresh input, rounded up; writing to the cache costs what reading does.
    """
    usual_cached_input = -(-input // CACHED_INPUT_DIVISOR)
    return UnitRates(
        input=input,
        cached_input=usual_cached_input if cached_input is None else cached_input,
        cache_write=input if cache_write is None else cache_write,
        output=output,
    )


def marked_up(usd_per_million: Decimal, *, percent: Decimal) -> int:
    """Return a price with so many percent on top as a rate of ours, rounded up to a whole nano-USD."""
    exact = usd_per_million * (100 + percent) / 100
    return int(exact.scaleb(9).to_integral_value(ROUND_CEILING))


def cost(
    rates: UnitRates,
    *,
    input_tokens: int,
    output_tokens: int,
    cached_input_tokens: int = 0,
    cache_write_tokens: int = 0,
) -> NanoUSD:
    """Return what a call costs: the exact sum over its tokens, rounded up once, to one nano-USD."""
    exact_millionths = (
        input_tokens * rates.input
        + cached_input_tokens * rates.cached_input
        + cache_write_tokens * rates.cache_write
        + output_tokens * rates.output
    )
    return NanoUSD(-(-exact_millionths // TOKENS_PER_RATE))
