"""What staff fill in: a package, what it costs where it is sold, and the note that closes a review."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.admin.prices import CentsField
from billing.models import Package, PackagePrice, Provider, Review
from billing.services import packages, rates, reference_model
from billing.services.refund_quotes import Quote
from ledger.forms import UsdField
from ledger.money import NanoUSD, as_usd, cost

# What Creem takes at least, and a list price of nothing is none.
SMALLEST_PRICE, SMALLEST_LIST_PRICE = Decimal("1.00"), Decimal("0.01")
LONGEST_REASON, LONGEST_PROOF = 200, 120
LONGEST_NOTE = Review._meta.get_field("note").max_length


def currencies() -> list[tuple[str, str]]:
    """Return the currencies that something can be priced in."""
    return [(name, name) for name in rates.currencies()]


class PackageForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A package, in both languages."""

    list_price_cents = CentsField(label=_("List price"), min_value=SMALLEST_LIST_PRICE)
    list_currency = forms.ChoiceField(
        label=_("Currency of the list price"),
        choices=currencies,
        help_text=_("Those with a published rate."),
    )
    tokens = forms.IntegerField(label=_("Tokens advertised"), min_value=1)
    credit_nano_usd = UsdField(
        label=_("Credit"),
        required=False,
        min_value=as_usd(NanoUSD(1)),
        help_text=_("In USD. Leave empty for the tokens at what the reference model's input costs now."),
    )

    class Meta:
        model = Package
        fields = [
            "slug", "name", "name_zh", "purpose", "purpose_zh", "badge", "badge_zh", "list_price_cents",
            "list_currency", "tokens", "credit_nano_usd", "delivery", "position", "is_offered",
        ]  # fmt: skip

    def clean(self) -> None:
        """Work out the credit if none was typed."""
        super().clean()
        tokens = self.cleaned_data.get("tokens")
        if tokens is None or "credit_nano_usd" in self.errors or self.cleaned_data["credit_nano_usd"]:
            return
        reference = reference_model.find()
        if reference is None:
            self.add_error("credit_nano_usd", _("The reference model has no rate: type the credit."))
            return
        self.cleaned_data["credit_nano_usd"] = cost(
            reference.model.rates, input_tokens=tokens, output_tokens=0
        )


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """What a provider charges for a package, as which product."""

    price_cents = CentsField(
        label=_("Price"),
        required=False,
        min_value=SMALLEST_PRICE,
        help_text=_("Leave empty for the list price at the published rate, in USD."),
    )

    class Meta:
        model = PackagePrice
        fields = ["provider", "currency", "price_cents", "product_id"]
        help_texts = {"product_id": _("Its price there must be the same: “manage.py doctor” compares them.")}

    def __init__(self, *args: Any, package: Package, **options: Any) -> None:
        super().__init__(*args, **options)
        self.package = package

    def clean_price_cents(self) -> int:
        """Take the published rate if no price was typed."""
        cents: int | None = self.cleaned_data["price_cents"]
        if cents is not None:
            return cents
        listed, currency = self.package.list_price_cents, self.package.list_currency
        if self.cleaned_data.get("currency") != "USD" or not listed or not currency:
            raise ValidationError(_("Only a price in USD follows from the published rate."))
        return max(packages.usd_cents(listed, currency=currency), int(SMALLEST_PRICE.scaleb(2)))

    def clean(self) -> None:
        """Ask for the product where the provider sells products, and for USD where it sells coins."""
        super().clean()
        provider = self.cleaned_data.get("provider")
        if provider == Provider.CREEM and not self.cleaned_data.get("product_id"):
            self.add_error("product_id", forms.Field.default_error_messages["required"])
        if provider == Provider.NOWPAYMENTS and self.cleaned_data.get("currency") not in {"USD", None}:
            self.add_error("currency", _("Coins are sold for a price in USD."))


class PriceFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # not subscriptable when it runs
    """The prices of a package, which know their package while it is still being filled in."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Give every price its package."""
        return {**super().get_form_kwargs(index), "package": self.instance}


class AcceptForm(forms.Form):
    """Which order a payment is accepted for."""

    reference = forms.CharField(
        label=_("Reference of the order"),
        max_length=32,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=_("As it stands on the order's page. Its credit follows what was paid."),
    )


class CreditForm(forms.Form):
    """How much is credited to the buyer of an order, and why."""

    amount = UsdField(label=_("Amount in USD"), min_value=as_usd(NanoUSD(1)))
    note = forms.CharField(
        label=_("Note"), max_length=LONGEST_NOTE, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


class RefundForm(forms.Form):
    """How much of an order's payment goes back, and why. It offers what the unspent credit cost."""

    amount_cents = CentsField(
        label=_("Amount"),
        min_value=Decimal("0.01"),
        help_text=_("With tax, in the currency of the payment: all that is left, or a part of it."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("For whoever looks at this later. No key, code or order number."),
    )

    def __init__(self, data: Any, *, quote: Quote) -> None:
        # Nothing is offered when nothing is left: the field then says what it takes.
        super().__init__(data, initial={"amount_cents": quote.fair_cents or quote.left_cents or None})
        self.quote = quote


class ProofForm(forms.Form):
    """How the money of a refund was sent by hand."""

    proof = forms.CharField(
        label=_("Reference"),
        max_length=LONGEST_PROOF,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("Of the transfer, the payout or the refund at the provider. No account number."),
    )


class FailureForm(forms.Form):
    """Why the money of a refund did not go."""

    why = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


class CloseForm(forms.Form):
    """What was done about a review."""

    note = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_NOTE,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_(
            "What was found and done, for whoever looks at this later. No key, code or order number."
        ),
    )
