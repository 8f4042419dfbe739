"""Amounts in the admin: shown with every digit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.money import NanoUSD, UnitRates, as_usd

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FEWEST_DECIMALS = 2


@dataclass(frozen=True)
class AmountColumn:
    """A column of money in a list, or a line of it on a page. Below a list stands its sum."""

    # The name under which the admin looks for a heading.
    short_description: "StrPromise"
    # None where the row has no such amount.
    of: Callable[[Any], int | None]

    def __call__(self, row: Any) -> SafeString | None:
        """Return the row's amount as it is shown."""
        amount = self.of(row)
        return None if amount is None else shown(NanoUSD(amount))

    def total(self, rows: Iterable[Any]) -> NanoUSD:
        """Return what the amounts of ``rows`` come to."""
        return NanoUSD(sum(self.of(row) or 0 for row in rows))


def shown(amount: NanoUSD) -> SafeString:
    """Return ``amount`` for a page, marked as money."""
    return format_html('<data class="money" value="{}">{}</data>', f"{as_usd(amount):f}", written(amount))


def written(amount: NanoUSD) -> str:
    """Return ``amount`` in USD with every digit that it has, two decimals at least."""
    whole, point, decimals = f"{as_usd(amount):,f}".partition(".")
    return f"${whole}{point}{decimals.rstrip('0').ljust(FEWEST_DECIMALS, '0')}"


def prices(rates: UnitRates) -> str:
    """Return the four prices per million tokens in a row: input, cached input, cache write, output."""
    return " / ".join(written(NanoUSD(price)) for price in rates)
