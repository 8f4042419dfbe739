"""A price list is read as data: the exact model, the price that holds, and of several the highest."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.errors import SourceUnknown, SourceWithoutPrice
from ledger.providers import price_lists
from ledger.providers.price_lists import Quote
from portal import demo
from tests.factories.price_lists import always, at_night, from_day, listing, price, tiers

NOON = datetime(2027, 3, 14, 12, 0, tzinfo=UTC)


def test_a_price_is_quoted_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(
        monkeypatch,
        model=price(input_mtok="3", cache_read_mtok="0.3", cache_write_mtok="3.75", output_mtok="15"),
    )

    assert price_lists.quote("maker/model", at=NOON) == Quote(
        input=Decimal(3),
        cached_input=Decimal("0.3"),
        cache_write=Decimal("3.75"),
        output=Decimal(15),
        remarks=[],
    )


def test_a_model_s_name_may_hold_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, **{"other/model": price(input_mtok="3", cache_read_mtok="1", output_mtok="15")})

    assert price_lists.quote("maker/other/model", at=NOON).input == 3


def test_of_prices_from_a_day_on_the_last_that_has_come_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(
        monkeypatch,
        model=[
            always(price(input_mtok="1", output_mtok="1")),
            from_day(date(2027, 3, 14), price(input_mtok="2", output_mtok="2")),
            from_day(date(2027, 3, 15), price(input_mtok="9", output_mtok="9")),
        ],
    )

    assert price_lists.quote("maker/model", at=NOON).input == 2


def test_of_prices_by_the_hour_the_highest_is_taken_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(
        monkeypatch,
        model=[
            always(price(input_mtok="7", cache_read_mtok="1", output_mtok="7")),
            from_day(date(2027, 1, 1), price(input_mtok="2", cache_read_mtok="1", output_mtok="5")),
            at_night(price(input_mtok="4", cache_read_mtok="1", output_mtok="3")),
        ],
    )

    quote = price_lists.quote("maker/model", at=NOON)

    assert (quote.input, quote.output) == (Decimal(4), Decimal(5))
    assert quote.remarks == ["its price depends on the hour: the highest is taken"]


def test_a_model_with_prices_to_come_alone_costs_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listing(monkeypatch, model=[from_day(date(2028, 1, 1), price(input_mtok="2", output_mtok="2"))])

    assert price_lists.quote("maker/model", at=NOON).input == 2


def test_of_prices_by_length_the_highest_is_taken_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(
        monkeypatch,
        model=price(input_mtok=tiers("1", "2"), cache_read_mtok="0.1", output_mtok=tiers("9", "8")),
    )

    quote = price_lists.quote("maker/model", at=NOON)

    assert (quote.input, quote.output) == (Decimal(2), Decimal(9))
    assert quote.remarks == ["its price depends on the length of the input: the highest is taken"]


@pytest.mark.parametrize(
    ("extra", "remark"),
    [
        ({"cache_write_mtok": "4", "cache_write_1h_mtok": "6"}, "its cache write depends on how long"),
        ({"output_reasoning_mtok": "20"}, "reasoning has a price of its own"),
        ({"web_searches_kcount": "10"}, "it also charges for web_searches_kcount"),
    ],
)
def test_whatever_our_rates_cannot_say_is_said_aloud(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], remark: str
) -> None:
    listing(
        monkeypatch, model=price(**{"input_mtok": "3", "cache_read_mtok": "1", "output_mtok": "15", **extra})
    )

    quote = price_lists.quote("maker/model", at=NOON)

    assert [said.startswith(remark) for said in quote.remarks] == [True]
    assert max(extra.values()) in {str(quote.cache_write), str(quote.output), "10"}


def test_what_the_list_does_not_price_is_said_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, model=price(input_mtok="3"))

    assert price_lists.quote("maker/model", at=NOON) == Quote(
        input=Decimal(3),
        cached_input=None,
        cache_write=None,
        output=Decimal(0),
        remarks=["no price of cached input: the usual one is taken", "no price of output: nothing is taken"],
    )


def test_a_model_without_a_price_of_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, model=price(audio_hours="0.1"))

    with pytest.raises(SourceWithoutPrice):
        price_lists.quote("maker/model", at=NOON)


@pytest.mark.parametrize(
    ("source", "close"),
    [
        ("maker/chat-21", ["maker/chat-2", "maker/chat-1"]),
        ("makers/chat-2", ["maker"]),
        ("maker", []),
        ("", []),
    ],
)
def test_only_the_exact_name_is_found_and_what_comes_close_is_named(
    monkeypatch: pytest.MonkeyPatch, source: str, close: list[str]
) -> None:
    cheap = price(input_mtok="1", output_mtok="1")
    listing(monkeypatch, **{"chat-1": cheap, "chat-2": cheap})

    with pytest.raises(SourceUnknown) as refusal:
        price_lists.quote(source, at=NOON)

    assert sorted(refusal.value.close) == sorted(close)


@pytest.mark.parametrize("source", [model.rates_source for model in demo.MODELS if model.rates_source])
def test_the_package_s_own_list_knows_the_models_of_the_demo(source: str) -> None:
    quote = price_lists.quote(source, at=NOON)

    assert quote.input > 0
