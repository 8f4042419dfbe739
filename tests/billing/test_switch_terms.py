"""The credit for a plan that is left in mid-cycle, by worked examples and by what can never be."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.services.switch_terms import PoolUse, Terms
from ledger.money import NanoUSD, usd

PERCENT = st.integers(0, 100)
PRICES = st.integers(1, 100_000)


def terms(old_usd: int, new_usd: int, *, days: float = 0, main: int = 0, backup: int = 0) -> Terms:
    """Return the terms of a switch after so many days, with so many percent of each pool used."""
    return Terms(
        old_price_cents=100 * old_usd,
        new_price_cents=100 * new_usd,
        elapsed=timedelta(days=days),
        main=PoolUse(size=usd("12"), used=NanoUSD(usd("12") * main // 100)),
        backup=PoolUse(size=usd("30"), used=NanoUSD(usd("30") * backup // 100)),
    )


@pytest.mark.parametrize(
    ("given_terms", "consumed", "credit"),
    [
        # At once: the floor of a tenth; the difference caps what is above it.
        (terms(10, 25), "1/10", "9"),
        (terms(25, 10), "1/10", "15"),
        (terms(25, 50), "1/10", "22.5"),
        (terms(100, 200), "1/10", "90"),
        (terms(200, 100), "1/10", "100"),
        (terms(50, 51), "1/10", "1"),
        (terms(50, 50), "1/10", "0"),
        # Time: a week is exactly a quarter.
        (terms(10, 25, days=7), "1/4", "7.5"),
        (terms(25, 50, days=7), "1/4", "18.75"),
        (terms(25, 50, days=14), "1/2", "12.5"),
        (terms(25, 50, days=21), "3/4", "6.25"),
        (terms(25, 50, days=28), "1", "0"),
        (terms(25, 50, days=31), "1", "0"),
        (terms(100, 50, days=7), "1/4", "50"),
        (terms(100, 50, days=21), "3/4", "25"),
        (terms(25, 50, days=2.8), "1/10", "22.5"),
        # Use: the main pool weighs three times as much as the backup pool.
        (terms(25, 50, main=100), "3/4", "6.25"),
        (terms(25, 50, backup=100), "1/4", "18.75"),
        (terms(25, 50, main=100, backup=100), "1", "0"),
        (terms(25, 50, main=40, backup=20), "7/20", "16.25"),
        (terms(25, 50, main=10), "1/10", "22.5"),
        # Whichever of time and use is more.
        (terms(25, 50, days=7, main=40, backup=20), "7/20", "16.25"),
        (terms(25, 50, days=14, main=40, backup=20), "1/2", "12.5"),
        (terms(200, 10, days=14, main=60, backup=60), "3/5", "80"),
        (terms(10, 200, days=7, main=20), "1/4", "7.5"),
    ],
)
def test_worked_examples(given_terms: Terms, consumed: str, credit: str) -> None:
    assert given_terms.consumed == Fraction(consumed)
    assert given_terms.credit == usd(credit)


def test_a_plan_without_a_pool_has_used_nothing_of_it() -> None:
    nothing = PoolUse(size=NanoUSD(0), used=NanoUSD(0))

    assert nothing.share == 0


@given(PRICES, PRICES, st.integers(0, 60 * 24), PERCENT, PERCENT)
def test_the_credit_is_never_more_than_what_is_unused_or_than_the_difference(
    old: int, new: int, hours: int, main: int, backup: int
) -> None:
    switch = Terms(
        old_price_cents=old,
        new_price_cents=new,
        elapsed=timedelta(hours=hours),
        main=PoolUse(size=usd("1"), used=NanoUSD(usd("1") * main // 100)),
        backup=PoolUse(size=usd("3"), used=NanoUSD(usd("3") * backup // 100)),
    )

    unused = 1 - max(Fraction(hours, 28 * 24), Fraction(3 * main + backup, 400), Fraction(1, 10))
    assert 0 <= switch.credit <= max(Fraction(old * 10_000_000) * unused, Fraction(0))
    assert switch.credit <= abs(new - old) * 10_000_000


@given(PRICES, PRICES, st.integers(0, 28))
def test_switching_back_and_forth_never_gains_money(first: int, second: int, day: int) -> None:
    unused = PoolUse(size=usd("1"), used=NanoUSD(0))

    def credit(old: int, new: int) -> int:
        leaving = Terms(
            old_price_cents=old,
            new_price_cents=new,
            elapsed=timedelta(days=day),
            main=unused,
            backup=unused,
        )
        return leaving.credit

    paid = (second + first) * 10_000_000
    assert credit(first, second) + credit(second, first) < paid


@given(PRICES, PRICES, st.integers(0, 27), PERCENT)
def test_later_or_more_used_is_never_more_credit(old: int, new: int, day: int, main: int) -> None:
    def credit(days: int, percent: int) -> int:
        return Terms(
            old_price_cents=old,
            new_price_cents=new,
            elapsed=timedelta(days=days),
            main=PoolUse(size=usd("1"), used=NanoUSD(usd("1") * percent // 100)),
            backup=PoolUse(size=usd("3"), used=NanoUSD(0)),
        ).credit

    assert credit(day + 1, main) <= credit(day, main)
    assert credit(day, min(main + 1, 100)) <= credit(day, main)
