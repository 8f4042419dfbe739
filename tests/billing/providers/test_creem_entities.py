"""Texts, numbers and moments, in all the spellings in which they come."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.providers.creem import entities

NOON = datetime(2026, 7, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "stated",
    [
        1785499200000,
        1785499200,
        Decimal("1785499200000.0"),
        "2026-07-31T12:00:00.000Z",
        "2026-07-31T12:00:00+00:00",
        "2026-07-31T12:00:00",
        "2026-07-31T14:00:00+02:00",
    ],
)
def test_a_moment_is_read_in_every_spelling(stated: Any) -> None:
    assert entities.moment(stated) == NOON


def test_milliseconds_are_kept() -> None:
    assert entities.moment(1785499200123) == NOON + timedelta(milliseconds=123)


@pytest.mark.parametrize("stated", [None, "", "noon", True, -1, 1.5, 10**15, 10**40, {}, [], Decimal("NaN")])
def test_what_is_no_moment_is_none(stated: Any) -> None:
    assert entities.moment(stated) is None


@pytest.mark.parametrize(
    ("stated", "number"),
    [(0, 0), (7, 7), (Decimal("7.0"), 7), (Decimal("7e2"), 700), (10**15, 10**15)],
)
def test_a_whole_number_is_read(stated: Any, number: int) -> None:
    assert entities.number(stated) == number


@pytest.mark.parametrize(
    "stated",
    [
        None,
        True,
        "7",
        -1,
        7.0,
        10**15 + 1,
        Decimal("7.5"),
        Decimal("1e999999"),
        Decimal("Infinity"),
        Decimal(-1),
    ],
)
def test_what_is_no_whole_number_from_0_on_is_none(stated: Any) -> None:
    assert entities.number(stated) is None


@pytest.mark.parametrize("stated", [None, "", 7, "a\x00b", "a\nb", "\ud800", "x" * 256, ["a"]])
def test_what_is_no_text_for_a_column_is_none(stated: Any) -> None:
    assert entities.text(stated) is None


def test_a_currency_is_three_letters() -> None:
    assert [entities.currency(each) for each in ["USD", "eur", "EURO", "U5D", "ÜSD", None]] == [
        "USD",
        "EUR",
        None,
        None,
        None,
        None,
    ]
