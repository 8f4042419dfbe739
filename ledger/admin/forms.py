"""What staff fill in: a grant of credit, and the new rates of a model."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.forms import UsdField
from ledger.models import Entry, Rate
from ledger.models.pricing import HIGHEST_RATE
from ledger.money import NanoUSD, UnitRates, as_usd, unit_rates

SMALLEST_AMOUNT = as_usd(NanoUSD(1))
LONGEST_NOTE = Entry._meta.get_field("note").max_length


class GrantForm(forms.Form):
    """Credit for one account. Each form that was shown carries an id, so that it grants once."""

    form_id = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    amount = UsdField(
        label=_("Amount"), min_value=SMALLEST_AMOUNT, help_text=_("In USD, exact to the last digit.")
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("Kept with the entry for ever. The customer reads it too."),
    )

    @property
    def reference(self) -> str:
        """Return the name of the entry that this form makes."""
        return f"grant:{self.cleaned_data['form_id']}"


class ForgiveForm(forms.Form):
    """Why an account owes nothing any more."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("Kept with the entry for ever. The customer reads it too."),
    )


class RateField(UsdField):
    """USD per million tokens."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=Decimal(0), max_value=as_usd(NanoUSD(HIGHEST_RATE)), **options)


class RateForm(forms.Form):
    """What a model costs from now on. It starts from what the model costs now."""

    # The version that was in force when the form was shown: nobody undoes a change that they have not seen.
    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    input = RateField(label=_("Input"), help_text=_("In USD per million tokens."))
    cached_input = RateField(
        label=_("Cached input"),
        required=False,
        help_text=_("For input that the model had in its cache. Empty: a fiftieth of input."),
    )
    cache_write = RateField(
        label=_("Cache write"),
        required=False,
        help_text=_("For input that the model keeps in its cache. Empty: the price of input."),
    )
    output = RateField(label=_("Output"))

    def __init__(self, data: Any, *, current: Rate | None) -> None:
        super().__init__(data, initial=_as_typed(current) if current else {"seen_version": 0})
        self.current = current

    @property
    def rates(self) -> UnitRates:
        """Return the prices that were typed, and the usual ones for what was left empty."""
        return unit_rates(**{name: self.cleaned_data[name] for name in UnitRates._fields})

    @property
    def is_new(self) -> bool:
        """Return whether the prices differ from those in force."""
        return self.current is None or self.current.units != self.rates

    def clean(self) -> None:
        """Compare the prices with each other, and with what has happened since the form was shown."""
        super().clean()
        if self.errors:
            return
        if self.rates.cached_input > self.rates.input:
            self.add_error("cached_input", _("Cached input cannot cost more than input."))
        elif self.current and self.is_new and self.cleaned_data["seen_version"] != self.current.version:
            self.add_error(None, _("Somebody has changed the rates meanwhile. Open this page anew."))


def _as_typed(rate: Rate) -> dict[str, str | int]:
    prices = {name: f"{as_usd(NanoUSD(price)).normalize():f}" for name, price in rate.units._asdict().items()}
    return {"seen_version": rate.version, **prices}
