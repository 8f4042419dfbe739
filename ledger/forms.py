"""How a field takes money."""

from typing import Any

from django import forms

from ledger.money import NanoUSD, as_usd, usd


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
