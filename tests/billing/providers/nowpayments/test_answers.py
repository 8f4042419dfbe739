"""Ids, amounts, coins and minimums, in all the spellings in which they come."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.providers import json_api
from billing.providers.facts import CoinState
from billing.providers.nowpayments import entities
from billing.providers.nowpayments.answers import (
    Coin,
    Minimum,
    Payment,
    read_coins,
    read_payment,
    read_selected,
    rounded_up,
)
from tests.billing.providers.nowpayments.on_record import fixture, wire


def read(name: str, **changes: Any) -> Payment:
    payment = read_payment(json_api.parse(wire(name)) | changes)
    assert payment is not None
    return payment


@pytest.mark.parametrize("stated", [5745459419, "5745459419"])
def test_an_id_is_a_number_or_a_text(stated: Any) -> None:
    assert entities.id_of(stated) == "5745459419"


@pytest.mark.parametrize(
    "stated",
    [
        None,
        "",
        True,
        -1,
        10**20,
        Decimal("5745459419.0"),
        Decimal("5.745459419e9"),
        "5745459419.0",
        "１",
        "5 ",
        [],
    ],
)
def test_an_id_is_plain_digits(stated: Any) -> None:
    assert entities.id_of(stated) is None


@pytest.mark.parametrize(
    ("stated", "amount"),
    [
        (0, "0"),
        (20, "20"),
        (Decimal("20.115"), "20.115"),
        ("1000", "1000"),
        ("19.36121163", "19.36121163"),
        ("1e-7", "1e-7"),
        (Decimal("0.000083"), "0.000083"),
    ],
)
def test_an_amount_is_read_exactly(stated: Any, amount: str) -> None:
    assert entities.amount(stated) == Decimal(amount)


@pytest.mark.parametrize(
    "stated",
    [None, True, -1, Decimal(-1), Decimal("-0.0"), Decimal("NaN"), Decimal("Infinity"), Decimal("1e31"),
     10**40, Decimal("1e999999"), "", "1_000", "٣", " 1", "1e999", "NaN", 1.5, []],
)  # fmt: skip
def test_what_is_no_amount_is_none(stated: Any) -> None:
    assert entities.amount(stated) is None


@pytest.mark.parametrize(
    ("stated", "code"), [("BTC", "btc"), ("usdttrc20", "usdttrc20"), ("İ", None), ("a b", None)]
)
def test_a_coin_is_written_small(stated: str, code: str | None) -> None:
    assert entities.coin(stated) == code


@pytest.mark.parametrize(
    ("stated", "places"), [(6, 6), ("8", 8), (0, 0), (31, None), ("08", None), (True, None), (None, None)]
)
def test_places_are_a_number_or_a_text(stated: Any, places: int | None) -> None:
    assert entities.places(stated) == places


def test_a_new_payment_is_read_in_full() -> None:
    payment = read("api.payment.create.response.full")

    assert payment == Payment(
        id="5745459419",
        parent_id=None,
        invoice_id=None,
        purchase_id="5837122679",
        reference="local-order-0001",
        state=CoinState.WAITING,
        word="waiting",
        price=Decimal(25),
        currency="USD",
        coin="xrp",
        asked=Decimal("19.36121163"),
        arrived=Decimal(0),
        worth=None,
        address="rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY",
        memo="2918473650",
        network="xrp",
        places=6,
        repeated_ids=(),
        estimate_until=datetime(2026, 9, 18, 15, 0, 22, 742000, tzinfo=UTC),
        valid_until=datetime(2026, 9, 24, 15, 0, 22, 742000, tzinfo=UTC),
        created_at=datetime(2026, 9, 17, 15, 0, 22, 742000, tzinfo=UTC),
        updated_at=datetime(2026, 9, 17, 15, 0, 22, 742000, tzinfo=UTC),
    )


def test_a_payment_names_those_that_came_to_its_address() -> None:
    assert read("api.payment.get.response.docs").repeated_ids == ("5513339153",)


@pytest.mark.parametrize("name", ["withdrawal", "custodial-recurring"])
def test_what_has_no_payments_id_is_no_payment(name: str) -> None:
    assert read_payment(fixture(f"ipn.non-payment.{name}.docs")) is None


@pytest.mark.parametrize(
    ("places", "to_send"), [(None, "19.361212"), (8, "19.361212"), (2, "19.37"), (0, "20")]
)
def test_what_is_sent_is_never_less_than_what_is_asked_for(places: int | None, to_send: str) -> None:
    assert read("api.payment.create.response.full").to_send(places=places) == Decimal(to_send)


def test_an_amount_that_can_be_sent_as_it_is_stays_as_it_is() -> None:
    payment = read("api.payment.create.response.full", pay_amount=Decimal("20.115"), network_precision=None)

    assert (payment.to_send(), str(payment.to_send(places=6))) == (Decimal("20.115"), "20.115")


def test_nothing_that_is_asked_for_is_nothing_to_send() -> None:
    assert read("api.payment.create.response.full", pay_amount=None).to_send() is None


@given(value=st.decimals(min_value=0, max_value=10**12, allow_nan=False), places=st.integers(0, 18))
def test_rounding_up_adds_less_than_one_unit(value: Decimal, places: int) -> None:
    added = Fraction(rounded_up(value, places)) - Fraction(value)

    assert 0 <= added < Fraction(1, 10**places)


@pytest.mark.parametrize(
    ("name", "first"),
    [("docs", "btg"), ("live-shape", "btc")],
)
def test_the_selected_coins_are_read_in_both_spellings(name: str, first: str) -> None:
    assert read_selected(fixture(f"api.merchant-coins.response.{name}"))[0] == first


def test_coins_of_the_live_shape_say_what_a_buyer_has_to_know() -> None:
    selected = read_selected(fixture("api.merchant-coins.response.live-shape"))

    coins = read_coins(fixture("api.full-currencies.response.live-shape"), selected=selected)

    assert coins == (
        Coin(code="btc", name="Bitcoin", ticker="btc", network="btc", places=8, needs_memo=False),
        Coin(code="xrp", name="Ripple", ticker="xrp", network="xrp", places=6, needs_memo=True),
        Coin(
            code="usdttrc20",
            name="Tether USD (Tron)",
            ticker="usdt",
            network="trx",
            places=6,
            needs_memo=False,
        ),
    )


def test_coins_of_the_documented_shape_are_read_too() -> None:
    [coin] = read_coins(fixture("api.full-currencies.response"), selected=["aave"])

    assert coin == Coin(code="aave", name="Aave", ticker="aave", network="eth", places=None, needs_memo=False)


@pytest.mark.parametrize("closed", [{"enable": False}, {"available_for_payment": False}, {"code": None}])
def test_a_coin_that_is_closed_is_left_out(closed: dict[str, Any]) -> None:
    answer = fixture("api.full-currencies.response.live-shape")
    answer["currencies"][0] |= closed

    coins = read_coins(answer, selected=["btc", "xrp"])

    assert [coin.code for coin in coins] == ["xrp"]


@pytest.mark.parametrize("answer", [{}, {"currencies": None}, {"currencies": [7, None]}])
def test_an_answer_without_coins_has_none(answer: dict[str, Any]) -> None:
    assert read_coins(answer, selected=["btc"]) == ()
    assert read_selected(answer) == []


@pytest.mark.parametrize(
    ("worth", "cents"), [("12.9010644", 1291), ("12.9", 1290), ("11", 1100), (None, None)]
)
def test_a_minimum_is_shown_rounded_up_to_the_cent(worth: str | None, cents: int | None) -> None:
    minimum = Minimum(
        coin="btc", amount=Decimal("0.0001701"), currency="USD", worth=Decimal(worth) if worth else None
    )

    assert minimum.worth_cents == cents
