"""What a buyer types for an agent top-up: never a password, and never a key."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from billing.forms.words import FORM_WORD
from billing.models import AgentVendor, TransferChannel
from billing.services import agents, packages

LARGEST_AMOUNT = Decimal(1_000_000)
ACCOUNT = "account_email"


class AgentForm(forms.Form):
    """Which account is topped up, by how much, and how it is paid."""

    vendor = forms.ChoiceField(label=_("Vendor"))
    account_email = forms.EmailField(
        label=_("Email of your account there"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Only the address. Nobody of us ever asks for a password or an API key."),
    )
    amount = forms.DecimalField(
        label=_("Amount in USD"),
        min_value=Decimal("0.01"),
        max_value=LARGEST_AMOUNT,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(label=_("Paid by"))
    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    word = forms.CharField(validators=[FORM_WORD], widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(
        self,
        vendors: list[AgentVendor],
        channels: list[TransferChannel],
        data: "MultiValueDict[str, str] | None" = None,
        **options: Any,
    ) -> None:
        self._was_secret = False
        super().__init__(self._without_secrets(data), **options)
        self._choose("vendor", vendors)
        self._choose("channel", channels)

    @property
    def amount_cents(self) -> int:
        """Return the amount in US cents."""
        return int(self.cleaned_data["amount"].scaleb(2))

    def clean(self) -> None:
        """Refuse what looks like a key in words of its own."""
        super().clean()
        if self._was_secret:
            self.errors.pop(ACCOUNT, None)
            self.add_error(
                ACCOUNT, _("This looks like a key or a password. We never need one: type the address only.")
            )

    def _without_secrets(self, data: "MultiValueDict[str, str] | None") -> Any:
        """Forget what looks like a key before anything can show it again."""
        if data is None or not agents.looks_like_a_secret(data.get(ACCOUNT, "") or ""):
            return data
        self._was_secret = True
        kept = data.copy()
        kept[ACCOUNT] = ""
        return kept

    def _choose(self, name: str, rows: "list[AgentVendor] | list[TransferChannel]") -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = [(row.slug, packages.in_language(row.name, row.name_zh)) for row in rows]
