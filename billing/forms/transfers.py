"""What buyers type at the transfer desk: what they buy, and what they sent."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.forms.words import FORM_WORD
from billing.models import Package
from billing.services.transfers import LONGEST_REFERENCE, PricedOffer

LARGEST_AMOUNT = Decimal(10000000)


class TransferForm(forms.Form):
    """What is bought through a channel: a package, or credit for an amount; and where its mails go."""

    package = forms.ChoiceField(label=_("What you buy"), required=False)
    amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        max_value=LARGEST_AMOUNT,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("Only if you chose credit for an amount."),
    )
    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, offers: list[PricedOffer], currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offers = {each.offer.package.slug: each.offer.package for each in offers}
        field = self.fields["package"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = [
            ("", _("Credit for an amount of your choice")),
            *(_choice(o, currency) for o in offers),
        ]

    @property
    def package_bought(self) -> Package | None:
        """Return the package that was chosen, if one was."""
        return self._offers.get(self.cleaned_data["package"])

    @property
    def amount_cents(self) -> int:
        """Return the amount in hundredths."""
        return int(self.cleaned_data["amount"].scaleb(2))

    def clean(self) -> None:
        """Ask for an amount unless a package says it."""
        super().clean()
        amount = self.cleaned_data.get("amount")
        is_of_package = bool(self.cleaned_data.get("package"))
        if not is_of_package and "amount" not in self.errors and (amount is None or amount <= 0):
            self.add_error("amount", ValidationError(_("Say how much you want to transfer.")))


class SubmissionForm(forms.Form):
    """What a buyer says of the money that was sent."""

    transaction_reference = forms.CharField(
        label=_("Transaction reference"),
        max_length=LONGEST_REFERENCE + 40,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The number of the transfer, as your bank, wallet or exchange shows it."),
    )
    screenshot = forms.FileField(
        label=_("Screenshot"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP of 5 MB at most. Only we see it."),
    )


def _choice(priced: PricedOffer, currency: str) -> tuple[str, str]:
    whole, cents = divmod(priced.price_cents, 100)
    return priced.offer.package.slug, f"{priced.offer.name}: {whole:,}.{cents:02} {currency}"
