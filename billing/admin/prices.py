"""Prices in the admin: shown and typed in the currency, kept in hundredths of it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The largest whole number that a column of hundredths keeps.
LARGEST = Decimal("21474836.47")


class Price(NamedTuple):
    """So many hundredths of a currency."""

    cents: int
    currency: str


@dataclass(frozen=True)
class PriceColumn:
    """A column of prices in a list, or a line on a page; None is shown as a dash. A list sums it."""

    # The name under which the admin looks for a heading.
    short_description: "StrPromise"
    of: Callable[[Any], Price | None]

    def __call__(self, row: Any) -> SafeString | str:
        """Return the row's price as it is shown."""
        price = self.of(row)
        return "-" if price is None else shown(price)

    def summed(self, rows: list[Any]) -> SafeString:
        """Return the sum over ``rows`` for each currency."""
        sums: dict[str, int] = {}
        for price in filter(None, map(self.of, rows)):
            sums[price.currency] = sums.get(price.currency, 0) + price.cents
        return format_html_join(", ", "{}", ((shown(Price(sums[name], name)),) for name in sorted(sums)))


class CentsField(forms.DecimalField):
    """A price with two decimals, kept in hundredths: more digits are refused, never rounded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_value": LARGEST, "decimal_places": 2, **options})

    def clean(self, value: Any) -> int | None:
        """Return the price in hundredths."""
        typed = super().clean(value)
        return None if typed is None else int(typed.scaleb(2))

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the field: a price that is kept, or what was typed."""
        return Decimal(value).scaleb(-2) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether another price was typed than the one that is kept."""
        return super().has_changed(self.prepare_value(initial), data)


def shown(price: Price) -> SafeString:
    """Return ``price`` for a page, marked as money."""
    amount = f"{Decimal(price.cents).scaleb(-2):,.2f}"
    value = amount.replace(",", "")
    return format_html('<data class="money" value="{}">{} {}</data>', value, price.currency, amount)
