"""Every unit, conversion and rounding of money. The books are kept in whole nano-USD.

1 USD = 1,000,000,000 nano-USD; 1 credit = 1 US cent = 10,000,000 nano-USD. A rate is nano-USD per million
tokens.
"""

from decimal import Decimal, InvalidOperation
from typing import NamedTuple, NewType

from ledger.errors import NotAnAmount

NanoUSD = NewType("NanoUSD", int)
Tokens = NewType("Tokens", int)

NANO_USD_PER_USD = 1_000_000_000
NANO_USD_PER_CREDIT = 10_000_000
TOKENS_PER_RATE = 1_000_000
# A thousand million USD: far above any balance, far below what a bigint holds.
LARGEST_AMOUNT = NanoUSD(10**18)


class PriceFacts(NamedTuple):
    """What was paid for some credit: amount and currency, and how many units of it made one USD that day."""

    amount: Decimal
    currency: str
    units_per_usd: Decimal


class UnitRates(NamedTuple):
    """Nano-USD per million tokens of each kind."""

    input: int
    cached_input: int
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


def quota(amount: NanoUSD, *, units_per_usd: int) -> int:
    """Return ``amount`` in a unit of which so many make one USD, rounded up to a whole one."""
    return -(-amount * units_per_usd // NANO_USD_PER_USD)


def cost(rates: UnitRates, *, input_tokens: int, cached_input_tokens: int, output_tokens: int) -> NanoUSD:
    """Return what a call costs: the exact sum over its tokens, rounded up once, to one nano-USD."""
    exact_millionths = (
        input_tokens * rates.input + cached_input_tokens * rates.cached_input + output_tokens * rates.output
    )
    return NanoUSD(-(-exact_millionths // TOKENS_PER_RATE))
