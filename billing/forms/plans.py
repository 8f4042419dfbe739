"""What a plan asks for: how it is paid, and the quote that is confirmed when another plan is left for it."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.forms.words import FORM_WORD
from billing.models import Provider
from billing.services.plans import Column


class PlanForm(forms.Form):
    """How 30 days of a plan are paid."""

    way = forms.ChoiceField(label=_("How do you pay?"), widget=forms.RadioSelect)
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # The signed quote of a switch; empty for somebody without a plan.
    quote = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, column: Column, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        way = self.fields["way"]
        assert isinstance(way, forms.ChoiceField)  # noqa: S101 - declared so above
        way.choices = [(provider.value, _in_words(provider)) for provider in column.ways]
        way.initial = column.ways[0]
        if len(column.ways) == 1:
            way.widget = forms.HiddenInput()


def _in_words(provider: Provider) -> str:
    if provider is Provider.NOWPAYMENTS:
        return gettext("Crypto coins")
    return gettext("Card, charged in %(currency)s") % {"currency": "USD"}
