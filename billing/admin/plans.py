"""Plans in the admin: the catalogue, who has which plan, and each paid period."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.admin.forms import SMALLEST_PRICE
from billing.admin.pages import ShopAdmin
from billing.admin.prices import CentsField, Price, shown
from billing.models import Plan, Subscription, SubscriptionPeriod
from ledger.admin import amounts
from ledger.forms import UsdField
from ledger.money import NanoUSD, as_usd
from redemption.models import Batch

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Plan]
    TabularInline = admin.TabularInline[SubscriptionPeriod, Subscription]
else:  # take no parameters while they run
    ModelForm = forms.ModelForm
    TabularInline = admin.TabularInline

SOMETHING = as_usd(NanoUSD(1))


class PlanForm(ModelForm):
    """A plan, in both languages; amounts are typed in USD."""

    price_cents = CentsField(label=_("Price of 30 days in USD"), min_value=SMALLEST_PRICE)
    base_nano_usd = UsdField(label=_("Base credit in USD"), min_value=SOMETHING)
    daily_cap_nano_usd = UsdField(label=_("Daily cap in USD"), required=False, min_value=SOMETHING)
    weekly_cap_nano_usd = UsdField(label=_("Weekly cap in USD"), required=False, min_value=SOMETHING)
    requests_per_day = forms.IntegerField(label=_("Requests a day"), required=False, min_value=1)
    requests_per_minute = forms.IntegerField(label=_("Requests a minute"), required=False, min_value=1)
    budget_multiple = forms.IntegerField(
        label=_("Monthly cost budget, in times the price"), min_value=1, initial=10
    )

    class Meta:
        model = Plan
        fields = [
            "slug", "name", "name_zh", "price_cents", "base_nano_usd", "bonus_percent", "backup_multiple",
            "daily_cap_nano_usd", "weekly_cap_nano_usd", "requests_per_day", "requests_per_minute",
            "all_models", "budget_multiple", "pass_product_id", "recurring_product_id", "position",
            "is_offered",
        ]  # fmt: skip
        help_texts = {
            "pass_product_id": _("Paid once; “manage.py doctor” compares its price. Empty: no cards."),
            "recurring_product_id": _("Charged every month; “manage.py doctor” compares it, too."),
        }

    def clean_slug(self) -> str:
        """Refuse another slug for a plan that codes name: they would give it no more."""
        slug, before = str(self.cleaned_data["slug"]), self.initial.get("slug", "")
        if before and slug != before and Batch.objects.filter(plan_slug=before).exists():
            raise forms.ValidationError(_("Codes name this plan by its slug, so that it has to stay."))
        return slug


@admin.register(Plan)
class PlanAdmin(ShopAdmin):
    """The catalogue of plans. Changing one changes no period that runs."""

    form = PlanForm
    list_display = ["name", "name_zh", "price", "main_pool", "backup_pool", "is_offered"]
    ordering = ["position", "pk"]
    search_fields = ["slug"]
    search_help_text = _("A whole slug.")
    fields = [*PlanForm.Meta.fields]
    editable_fields = PlanForm.Meta.fields

    @admin.display(description=_("price"))
    def price(self, plan: Plan) -> SafeString:
        """Return what a period costs."""
        return shown(Price(plan.price_cents, "USD"))

    @admin.display(description=_("main pool"))
    def main_pool(self, plan: Plan) -> SafeString:
        """Return what the main pool holds, with the bonus."""
        return amounts.shown(NanoUSD(plan.main_nano_usd))

    @admin.display(description=_("backup pool"))
    def backup_pool(self, plan: Plan) -> SafeString:
        """Return what the backup pool holds."""
        return amounts.shown(NanoUSD(plan.backup_nano_usd))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may add plans."""
        return request.user.has_perm("billing.add_plan")


class PeriodInline(TabularInline):
    """Each paid period of a subscription."""

    model = SubscriptionPeriod
    fields = ["number", "starts_at", "ends_at", "begun_at", "withdrawn_at", "order", "code"]
    readonly_fields = ["number", "starts_at", "ends_at", "begun_at", "withdrawn_at", "order", "code"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Periods come from payments alone."""
        return False


@admin.register(Subscription)
class SubscriptionAdmin(ShopAdmin):
    """Who has which plan, the newest first."""

    list_display = ["customer", "plan", "renewal", "state", "ends_at", "ended_at", "end"]
    list_select_related = ["customer__user", "plan"]
    list_filter = ["renewal", "state"]
    search_fields = ["order__reference", "order__email"]
    search_help_text = _("An order's whole reference or e-mail address.")
    fields = [
        "customer", "plan", "order", "renewal", "state", "began_at", "ends_at", "closes_at", "ended_at",
        "end", "provider_subscription_id", "provider_customer_id", "as_of", "wish", "wish_attempts",
        "wish_error",
    ]  # fmt: skip
    inlines = [PeriodInline]
