"""Money: exact, and rounded once, up; in Python and in SQL alike."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import NotAnAmount
from ledger.models.pricing import HIGHEST_RATE
from ledger.money import LARGEST_AMOUNT, NanoUSD, UnitRates, as_usd, cost, exact_cost, unit_rates, usd
from ledger.services.holds import LARGEST_COUNT

LARGEST_BIGINT = 2**63 - 1

counts = st.integers(0, LARGEST_COUNT)
uses = st.tuples(counts, counts, counts, counts)
rates = st.one_of(st.integers(0, 10**9), st.integers(0, HIGHEST_RATE))
price_lists = st.builds(UnitRates, rates, rates, rates, rates)
examples = settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))


# A rate of four given prices, as the functions take it.
A_RATE = """
    jsonb_populate_record(null::ledger_rate, jsonb_build_object(
        'input_nano_usd_per_million', %s::bigint, 'cached_input_nano_usd_per_million', %s::bigint,
        'cache_write_nano_usd_per_million', %s::bigint, 'output_nano_usd_per_million', %s::bigint
    ))
"""


def named(used: tuple[int, int, int, int]) -> dict[str, int]:
    kinds = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
    return dict(zip(kinds, used, strict=True))


def in_sql(expression: str, *values: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select {expression}", values)
        [(value,)] = cursor.fetchall()
    return int(value)


@pytest.mark.parametrize(
    ("text", "nano_usd"),
    [("1", 10**9), ("0.45", 450_000_000), ("0.000000001", 1), ("-2", -2 * 10**9), ("1e9", LARGEST_AMOUNT)],
)
def test_an_amount_is_read_exactly(text: str, nano_usd: int) -> None:
    assert usd(text) == nano_usd
    assert as_usd(NanoUSD(nano_usd)) == Decimal(text)


@pytest.mark.parametrize("text", ["", "one", "0.0000000001", "1000000001", "NaN", "Infinity", "1,5"])
def test_what_cannot_be_kept_exactly_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmount):
        usd(text)


@examples
@given(uses, price_lists)
def test_a_cost_is_the_exact_sum_rounded_up_once(used: tuple[int, int, int, int], prices: UnitRates) -> None:
    found = cost(prices, **named(used))

    exact = Fraction(sum(count * price for count, price in zip(used, prices, strict=True)), 10**6)
    assert found == math.ceil(exact)
    assert found <= LARGEST_BIGINT


@pytest.mark.django_db
@examples
@given(uses, price_lists)
def test_the_database_counts_as_python_does(used: tuple[int, int, int, int], prices: UnitRates) -> None:
    found = in_sql(f"ledger_call_cost(%s, %s, %s, %s, {A_RATE})", *used, *prices)

    assert found == cost(prices, **named(used))


@pytest.mark.django_db
@examples
@given(st.integers(0, 10**6), st.floats(0, 1), counts, price_lists)
def test_no_call_within_its_bounds_costs_more_than_its_most(
    bound: int, cached: float, written: int, prices: UnitRates
) -> None:
    prices = prices._replace(cached_input=min(prices.cached_input, prices.input))
    from_cache = int(bound * cached)
    into_cache = (bound - from_cache) // 2
    used = (bound - from_cache - into_cache, from_cache, into_cache, written)

    most = in_sql(f"ledger_most_cost(%s, %s, {A_RATE})", bound, written, *prices)

    assert cost(prices, **named(used)) <= most <= LARGEST_BIGINT


@pytest.mark.django_db
@examples
@given(st.integers(0, LARGEST_AMOUNT), counts, st.integers(1, 100), price_lists)
def test_the_output_that_credit_affords_is_all_that_it_affords(
    credit: int, used: int, choices: int, prices: UnitRates
) -> None:
    prices = prices._replace(output=prices.output + 1)
    affordable = in_sql(f"ledger_affordable_output(%s, %s, %s, {A_RATE})", credit, used, choices, *prices)

    def price(tokens_each: int) -> int:
        dearest = max(prices.input, prices.cache_write)
        return math.ceil(Fraction(used * dearest + choices * tokens_each * prices.output, 10**6))

    assert affordable == 0 or price(affordable) <= credit
    assert price(affordable + 1) > credit


def test_what_has_no_price_of_its_own_costs_the_usual() -> None:
    assert unit_rates(input=101, output=7) == UnitRates(101, 3, 101, 7)
    assert unit_rates(input=101, output=7, cached_input=0, cache_write=0) == UnitRates(101, 0, 0, 7)


@examples
@given(counts, rates)
def test_what_one_kind_costs_is_told_to_the_last_digit(tokens: int, rate: int) -> None:
    assert Fraction(exact_cost(tokens, rate)) == Fraction(tokens * rate, 10**15)
