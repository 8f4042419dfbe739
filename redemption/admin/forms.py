"""What staff type: an order for a batch, and a code to look up."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.forms import UsdField
from ledger.money import NanoUSD, as_usd
from redemption.models import Batch
from redemption.services.code_text import LONGEST_TYPED


class OrderForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An order for a batch of codes."""

    value_nano_usd = UsdField(
        label=_("Value of each"),
        min_value=as_usd(NanoUSD(1)),
        help_text=_("In USD, exact to the last digit: what the code adds to a wallet."),
    )

    class Meta:
        model = Batch
        fields = [
            "name", "count", "value_nano_usd", "expires_at", "note",
            "paid_amount", "paid_currency", "paid_units_per_usd",
        ]  # fmt: skip
        help_texts = {
            "expires_at": _("Leave empty for codes that never expire."),
            "paid_amount": _(
                "What a buyer paid for one code. Leave empty, with the next two, if nobody paid."
            ),
            "paid_currency": _("Such as CNY or USDT."),
            "paid_units_per_usd": _("How many units of that currency made one USD."),
        }

    def clean_paid_currency(self) -> str:
        """Write currencies in capitals, however they were typed."""
        return str(self.cleaned_data["paid_currency"]).strip().upper()


class FindForm(forms.Form):
    """A code that somebody asks about. It is posted, so that no address and no log ever holds it."""

    code = forms.CharField(max_length=LONGEST_TYPED)
