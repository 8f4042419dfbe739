"""What a plan asks for: how it is paid, and the quote that is confirmed when another plan is left for it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.forms import ways
from billing.forms.words import FORM_WORD
from billing.models import Provider
from billing.services import plans
from billing.services.plan_purchases import Way


class PlanForm(forms.Form):
    """How a plan is paid: once for 30 days, or month after month."""

    way = forms.ChoiceField(label=_("How do you pay?"), widget=forms.RadioSelect)
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # The signed quote of a switch; empty for somebody without a plan.
    quote = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, offered: Iterable[Way], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offered = {way.name: way for way in offered}
        ways.offer(self, {name: _in_words(way) for name, way in self._offered.items()})

    @property
    def chosen(self) -> Way:
        """Return the way that was chosen."""
        return self._offered[self.cleaned_data["way"]]


def _in_words(way: Way) -> str:
    paid = ways.in_words(way.provider, plans.CURRENCY)
    if not way.renews:
        return gettext("%(way)s: once, for 30 days") % {"way": paid}
    if way.provider == Provider.CREEM:
        return gettext("%(way)s: renews every month until you cancel") % {"way": paid}
    return gettext("%(way)s: we mail an invoice before each month") % {"way": paid}
