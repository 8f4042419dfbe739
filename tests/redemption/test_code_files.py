"""The files say exactly what a code is worth, and no spreadsheet runs what somebody wrote into a name."""

from datetime import UTC, datetime

import pytest

from ledger.money import NanoUSD
from redemption.models import Batch
from redemption.services import code_files
from redemption.services.code_text import CodeText

CODE = CodeText("0" * 26 + "01")
SHOWN = "0000-0000-0000-0000-0000-0000-0001"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (1, "0.000000001"),
        (10**9, "1.00"),
        (450_000_000, "0.45"),
        (12_345 * 10**9, "12345.00"),
        (10**8, "0.10"),
    ],
)
def test_an_amount_is_written_with_all_its_digits_and_at_least_cents(amount: int, shown: str) -> None:
    assert code_files.exact_usd(NanoUSD(amount)) == shown


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_cell_that_would_be_a_formula_is_made_text(start: str) -> None:
    assert code_files.safe_cell(f"{start}1+1") == f"'{start}1+1"


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert code_files.safe_cell("spring = sale") == "spring = sale"


def test_a_csv_line_has_code_value_expiry_and_batch() -> None:
    batch = Batch(name='say "hi"', value_nano_usd=5 * 10**8, expires_at=datetime(2027, 1, 31, tzinfo=UTC))

    text = code_files.CSV.first_line(batch) + code_files.CSV.lines(batch, [CODE])

    assert text.splitlines() == [
        "code,value_usd,expires,batch",
        f'{SHOWN},0.50,2027-01-31T00:00:00+00:00,"say ""hi"""',
    ]


def test_a_csv_line_of_a_dangerous_batch_is_harmless() -> None:
    batch = Batch(name="=HYPERLINK(1)", value_nano_usd=10**9)

    assert code_files.CSV.lines(batch, [CODE]) == f"{SHOWN},1.00,,'=HYPERLINK(1)\r\n"


def test_a_text_file_has_one_code_a_line_and_nothing_else() -> None:
    batch = Batch(name="=1", value_nano_usd=10**9)

    assert (
        code_files.TXT.first_line(batch) + code_files.TXT.lines(batch, [CODE, CODE]) == f"{SHOWN}\n{SHOWN}\n"
    )
