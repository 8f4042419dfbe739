"""Amounts in the admin: shown with every digit, and typed without rounding."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.money import NanoUSD, UnitRates, as_usd, usd

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FEWEST_DECIMALS = 2


@dataclass(frozen=True)
class AmountColumn:
    """A column of money in a list, or a line of it on a page. Below a list stands its sum."""

    # The name under which the admin looks for a heading.
    short_description: "StrPromise"
    of: Callable[[Any], int]

    def __call__(self, row: Any) -> SafeString:
        """Return the row's amount as it is shown."""
        return shown(NanoUSD(self.of(row)))


class UsdField(forms.DecimalField):
    """An amount in USD that the books can keep exactly: more digits are refused, never rounded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=18, decimal_places=9, **options)

    def clean(self, value: Any) -> NanoUSD | None:
        """Return the amount in the unit of the books."""
        typed = super().clean(value)
        return None if typed is None else usd(str(typed))

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the field: an amount of the books in USD, or what was typed."""
        return f"{as_usd(NanoUSD(value)).normalize():f}" if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether another amount was typed than the one in the books."""
        return super().has_changed(as_usd(NanoUSD(initial)) if isinstance(initial, int) else initial, data)


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
