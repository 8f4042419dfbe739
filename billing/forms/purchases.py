"""What a purchase asks for: where its mails go, how much, and how it is paid."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.forms import ways
from billing.forms.words import FORM_WORD
from billing.models import Provider
from billing.services.packages import Offer
from billing.services.topups import Way


class CheckoutForm(forms.Form):
    """What a purchase needs to know: where its mails go, and how it is paid if there is a choice."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    way = forms.ChoiceField(label=_("How do you pay?"), widget=forms.RadioSelect)
    # The same form is one order, however often it is sent.
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, offer: Offer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways.offer(self, {price.way: ways.in_words(price.provider, price.currency) for price in offer.prices})


class TopUpForm(forms.Form):
    """How much credit somebody buys for the own wallet, and how it is paid."""

    dollars = forms.IntegerField(
        label=_("Amount in USD"),
        min_value=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    way = forms.ChoiceField(label=_("How do you pay?"), widget=forms.RadioSelect)
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, taken: list[Way], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ways = {str(way.provider): way for way in taken}
        ways.offer(self, {name: _in_words(way) for name, way in self._ways.items()})

    def clean(self) -> None:
        """Refuse less than the chosen way takes, and more than the shop takes at once."""
        super().clean()
        dollars, way = self.cleaned_data.get("dollars"), self._ways.get(self.cleaned_data.get("way", ""))
        if dollars is None or way is None:
            return
        if dollars < way.least_dollars:
            complaint = _("At least %(least)s USD in this way.") % {"least": way.least_dollars}
            self.add_error("dollars", complaint)
        if dollars > settings.TOPUP_MOST_DOLLARS:
            complaint = _("At most %(most)s USD at once.") % {"most": settings.TOPUP_MOST_DOLLARS}
            self.add_error("dollars", complaint)


def _in_words(way: Way) -> str:
    is_by_card = way.provider is Provider.CREEM
    words = gettext("Card, from %(least)s USD") if is_by_card else gettext("Crypto coins, from %(least)s USD")
    return words % {"least": way.least_dollars}
