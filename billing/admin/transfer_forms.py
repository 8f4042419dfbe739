"""What staff fill in when they decide about a transfer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.admin.forms import SMALLEST_LIST_PRICE
from billing.admin.prices import CentsField
from billing.models import Transfer
from billing.services.transfers import LONGEST_REFERENCE

_WIDE = {"class": "vTextField"}


class ApproveForm(forms.Form):
    """What arrived, and by which transaction."""

    amount = CentsField(
        label=_("Amount that arrived"),
        min_value=SMALLEST_LIST_PRICE,
        help_text=_("Another amount than the one asked brings so much more or less credit."),
    )
    reference = forms.CharField(
        label=_("Transaction reference"),
        max_length=LONGEST_REFERENCE + 40,
        widget=forms.TextInput(attrs=_WIDE),
        help_text=_("As your account shows it: it can pay one order only."),
    )

    def __init__(self, *args: Any, transfer: Transfer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"amount": transfer.order.price_cents, "reference": transfer.transaction_reference}


class RejectForm(forms.Form):
    """Why a transfer is not accepted."""

    reason = forms.ChoiceField(label=_("Reason"), choices=Transfer.Reason.choices)
    message = forms.CharField(
        label=_("Message to the buyer"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Added to the reason, which is told in the buyer's language. Name no key and no code."),
    )


class AskForm(forms.Form):
    """What the buyer is asked."""

    message = forms.CharField(
        label=_("Question"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Mailed to the buyer, and shown on the order's page."),
    )
