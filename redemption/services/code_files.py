"""The files that codes leave in: CSV for spreadsheets, TXT with one code a line for machines that print."""

import csv
from collections.abc import Callable, Sequence
from io import StringIO
from typing import NamedTuple

from ledger.money import NanoUSD, as_usd
from redemption.models import Batch
from redemption.services import code_text
from redemption.services.code_text import CodeText

# What makes a spreadsheet take a cell for a formula, full-width forms included.
FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")
CENTS = 2


class CodeFile(NamedTuple):
    """One way to write codes: a first line, then some lines for every lot of codes."""

    extension: str
    content_type: str
    first_line: Callable[[Batch], str]
    lines: Callable[[Batch, Sequence[CodeText]], str]


def exact_usd(amount: NanoUSD) -> str:
    """Return ``amount`` in USD with all its digits, and at least cents: 0.50, 1.00, 0.000000001."""
    whole, _, fraction = f"{as_usd(amount):f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(CENTS, '0')}"


def safe_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it: behind an apostrophe when it starts like a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _csv_head(batch: Batch) -> str:
    return f"code,{'plan,days' if batch.is_of_plan else 'value_usd'},expires,batch\r\n"


def _csv_lines(batch: Batch, codes: Sequence[CodeText]) -> str:
    expires = batch.expires_at.isoformat() if batch.expires_at else ""
    of_plan = [safe_cell(batch.plan_slug), batch.plan_days]
    worth = of_plan if batch.is_of_plan else [exact_usd(NanoUSD(batch.value_nano_usd))]
    shared = [*worth, expires, safe_cell(batch.name)]
    lines = StringIO()
    csv.writer(lines).writerows([code_text.grouped(code), *shared] for code in codes)
    return lines.getvalue()


def _no_head(_batch: Batch) -> str:
    return ""


def _txt_lines(batch: Batch, codes: Sequence[CodeText]) -> str:
    return "".join(f"{code_text.grouped(code)}\n" for code in codes)


CSV = CodeFile("csv", "text/csv; charset=utf-8", _csv_head, _csv_lines)
TXT = CodeFile("txt", "text/plain; charset=utf-8", _no_head, _txt_lines)
FORMATS = {code_file.extension: code_file for code_file in (CSV, TXT)}
