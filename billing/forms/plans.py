"""What a plan asks for: how it is paid, and the quote that is confirmed when another plan is left for it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms import ways
from billing.forms.words import FORM_WORD
from billing.models import Provider
from billing.services import plans


class PlanForm(forms.Form):
    """How 30 days of a plan are paid."""

    way = forms.ChoiceField(label=_("How do you pay?"), widget=forms.RadioSelect)
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # The signed quote of a switch; empty for somebody without a plan.
    quote = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, providers: Iterable[Provider], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways.offer(self, {each.value: ways.in_words(each, plans.CURRENCY) for each in providers})
