"""What somebody types who has lost the page of an order."""

from django import forms
from django.utils.translation import gettext_lazy as _

from redemption.forms import typed_code

# Longer than any order number with its spaces and dashes; whatever is longer is none.
LONGEST_TYPED_NUMBER = 200
LONGEST_PROVIDER_NUMBER = 80


class LookupForm(forms.Form):
    """An order number as somebody copied or typed it."""

    number = typed_code(_("Order number"), max_length=LONGEST_TYPED_NUMBER)


class LinkForm(forms.Form):
    """What the payment provider wrote to a buyer who has no order number at hand."""

    provider_number = forms.CharField(
        label=_("Number on the receipt"),
        max_length=LONGEST_PROVIDER_NUMBER,
        help_text=_("The order, checkout or transaction number that the payment provider mailed you."),
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=_("Email of the purchase"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
