import pytest

from ledger.money import NanoUSD
from portal.templatetags import money


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "$0.00"),
        (1_234_560_000_000, "$1,234.56"),
        (9_999_999_999, "$9.99"),
        (-1_500_000_000, "−$1.50"),
        (999_999, "$0.00"),
    ],
)
def test_an_amount_is_cut_to_the_cent_so_that_nobody_sees_a_cent_too_much(amount: int, written: str) -> None:
    assert f">{written}</data>" in money.usd(NanoUSD(amount))


@pytest.mark.parametrize(
    ("amount", "exact"),
    [
        (1_234_560_000_000, "$1,234.56"),
        (837_000, "$0.000837"),
        (1, "$0.000000001"),
        (-1_000_000_001, "−$1.000000001"),
        (5_000_000_000, "$5.00"),
    ],
)
def test_every_digit_is_there_on_hover(amount: int, exact: str) -> None:
    assert f'title="{exact}"' in money.usd(NanoUSD(amount))


def test_what_is_beyond_the_cents_stands_back() -> None:
    assert '>$0.65<span class="beyond-cents">4321</span></data>' in money.usd_fine(NanoUSD(654_321_987))


def test_a_change_has_its_sign_even_when_it_is_too_small_to_see() -> None:
    assert ">+$5.00" in money.usd_change(NanoUSD(5_000_000_000))
    assert ">−$0.00" in money.usd_change(NanoUSD(-1))
    assert ">$0.00" in money.usd_change(NanoUSD(0))


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (450_000_000, '$0.45<span class="beyond-cents">00</span>'),
        (9_000_000, '$0.00<span class="beyond-cents">90</span>'),
        (1_234_567, '$0.00<span class="beyond-cents">1234567</span>'),
        (0, '$0.00<span class="beyond-cents">00</span>'),
    ],
)
def test_a_rate_is_never_cut(rate: int, written: str) -> None:
    assert written in money.rate(rate)


def test_programs_read_the_amount_as_a_plain_number() -> None:
    assert 'value="0.000000000"' in money.usd(NanoUSD(0))
    assert 'value="1234.560000000"' in money.usd(NanoUSD(1_234_560_000_000))


@pytest.mark.parametrize(
    ("cents", "currency", "shown", "exact"),
    [
        (813, "USD", "$8.13", "USD 8.13"),
        (123_456_700, "CNY", "¥1,234,567.00", "CNY 1234567.00"),
        (5, "CHF", "CHF 0.05", "CHF 0.05"),
    ],
)
def test_a_price_has_the_sign_of_its_currency(cents: int, currency: str, shown: str, exact: str) -> None:
    written = money.price(cents, currency)

    assert f">{shown}<" in written
    assert f'title="{exact}"' in written
