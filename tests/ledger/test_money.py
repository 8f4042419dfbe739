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
from ledger.money import LARGEST_AMOUNT, NanoUSD, UnitRates, as_usd, cost, usd
from ledger.services.holds import LARGEST_COUNT

LARGEST_BIGINT = 2**63 - 1

counts = st.integers(0, LARGEST_COUNT)
rates = st.one_of(st.integers(0, 10**9), st.integers(0, HIGHEST_RATE))
examples = settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))


# A rate of three given prices, as the functions take it.
A_RATE = """
    jsonb_populate_record(null::ledger_rate, jsonb_build_object(
        'input_nano_usd_per_million', %s::bigint, 'cached_input_nano_usd_per_million', %s::bigint,
        'output_nano_usd_per_million', %s::bigint
    ))
"""


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
@given(counts, counts, counts, rates, rates, rates)
def test_a_cost_is_the_exact_sum_rounded_up_once(
    used: int, cached: int, written: int, dear: int, cheap: int, output: int
) -> None:
    found = cost(
        UnitRates(dear, cheap, output), input_tokens=used, cached_input_tokens=cached, output_tokens=written
    )

    exact = Fraction(used * dear + cached * cheap + written * output, 10**6)
    assert found == math.ceil(exact)
    assert found <= LARGEST_BIGINT


@pytest.mark.django_db
@examples
@given(counts, counts, counts, rates, rates, rates)
def test_the_database_counts_as_python_does(
    used: int, cached: int, written: int, dear: int, cheap: int, output: int
) -> None:
    found = in_sql(f"ledger_call_cost(%s, %s, %s, {A_RATE})", used, cached, written, dear, cheap, output)

    assert found == cost(
        UnitRates(dear, cheap, output), input_tokens=used, cached_input_tokens=cached, output_tokens=written
    )


@pytest.mark.django_db
@examples
@given(st.integers(0, LARGEST_AMOUNT), counts, st.integers(1, 100), rates, st.integers(1, HIGHEST_RATE))
def test_the_output_that_credit_affords_is_all_that_it_affords(
    credit: int, used: int, choices: int, dear: int, output: int
) -> None:
    affordable = in_sql(
        f"ledger_affordable_output(%s, %s, %s, {A_RATE})", credit, used, choices, dear, 0, output
    )

    def price(tokens_each: int) -> int:
        return math.ceil(Fraction(used * dear + choices * tokens_each * output, 10**6))

    assert affordable == 0 or price(affordable) <= credit
    assert price(affordable + 1) > credit
