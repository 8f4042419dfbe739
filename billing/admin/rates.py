"""Published rates in the admin: every version, and the way to begin a new one. None is edited."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.admin.pages import ShopAdmin, staff
from billing.models import PublishedRate
from billing.services import rates

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[PublishedRate]
else:  # takes no parameters while it runs
    ModelForm = forms.ModelForm


class RateForm(ModelForm):
    """A new version of a currency's rate."""

    class Meta:
        model = PublishedRate
        fields = ["currency", "units_per_usd"]
        help_texts = {
            "currency": _("Such as CNY or USDT."),
            "units_per_usd": _(
                "So many units count as one USD of credit, from now on. Orders keep their rate."
            ),
        }

    def clean_currency(self) -> str:
        """Read the currency in capitals."""
        return str(self.cleaned_data["currency"]).strip().upper()


@admin.register(PublishedRate)
class PublishedRateAdmin(ShopAdmin):
    """The newest version of a currency counts; orders keep the one that they were written at."""

    form = RateForm
    list_display = ["currency", "units", "valid_from", "set_by"]
    list_select_related = ["set_by"]
    search_fields = ["currency"]
    search_help_text = _("A whole currency, in capitals.")
    fields = ["currency", "units_per_usd", "valid_from", "set_by"]

    @admin.display(description=_("units for one USD"))
    def units(self, rate: PublishedRate) -> str:
        """Return the rate without zeros at the end."""
        return f"{rate.units_per_usd.normalize():f}"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Ask for what a version is; the rest comes by itself."""
        return ["currency", "units_per_usd"] if obj is None else [*(self.fields or ())]

    def get_editable_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Open a version only while it is being written."""
        return ["currency", "units_per_usd"] if obj is None else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may publish rates."""
        return request.user.has_perm("billing.add_publishedrate")

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: Any) -> None:
        """Publish the rate."""
        typed = form.cleaned_data
        made = rates.publish(typed["currency"], typed["units_per_usd"], by=staff(request))
        obj.pk = made.pk
