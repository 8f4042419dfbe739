"""Models and what they cost. A price is never edited: a new version of it begins."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin import amounts
from ledger.admin.amounts import AmountColumn
from ledger.admin.forms import RateForm
from ledger.admin.pages import BookAdmin, ShownInline
from ledger.models import LanguageModel, ModelAlias, Rate
from ledger.services import pricing

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[ModelAlias, LanguageModel]
else:  # takes no parameters while it runs
    TabularInline = admin.TabularInline


class AliasInline(TabularInline):
    """The other names of a model. One that nobody should use any more is renamed, not deleted."""

    model = ModelAlias
    extra = 1
    can_delete = False


class RateInline(ShownInline):
    """Every version of a model's rates, the one in force first."""

    model = Rate
    ordering = ["-version"]
    fields = ["version", "effective_from", "fresh", "cached", "kept", "out"]
    verbose_name_plural = _("rates, in USD per million tokens")

    fresh = AmountColumn(_("input"), lambda rate: rate.input_nano_usd_per_million)
    cached = AmountColumn(_("cached input"), lambda rate: rate.cached_input_nano_usd_per_million)
    kept = AmountColumn(_("cache write"), lambda rate: rate.cache_write_nano_usd_per_million)
    out = AmountColumn(_("output"), lambda rate: rate.output_nano_usd_per_million)


@admin.register(LanguageModel)
class LanguageModelAdmin(BookAdmin):
    """What the shop sells. A model that has no rate yet is not offered, whatever its page says."""

    list_display = ["name", "vendor", "is_offered", "is_free", "rates"]
    list_filter = ["is_offered", "is_free"]
    ordering = ["name"]
    search_fields = ["name", "aliases__name"]
    search_help_text = _("A whole name or alias.")
    editable_fields = [
        "name", "vendor", "is_offered", "is_free", "context_limit_tokens", "output_limit_tokens",
        "input_overhead_tokens", "media_part_limit_tokens", "rates_source",
    ]  # fmt: skip
    fields = [*editable_fields, "created_at"]
    inlines = [AliasInline, RateInline]

    def get_urls(self) -> list[URLPattern]:
        """Add the act to the admin's own pages."""
        act = self.admin_site.admin_view(self.set_rate)
        return [path("<int:model_id>/rate/", act, name="ledger_languagemodel_rate"), *super().get_urls()]

    def set_rate(self, request: HttpRequest, model_id: int) -> HttpResponse:
        """Ask what the model costs from now on; other prices than those in force begin as a new version."""
        if not request.user.has_perm("ledger.add_rate"):
            raise PermissionDenied
        model = get_object_or_404(LanguageModel, pk=model_id)
        form = RateForm(request.POST or None, current=model.rates.in_force(timezone.now()).first())
        if not form.is_valid():
            return self.ask(request, model, form, act="rate", title=_("Set new rates"))
        if form.is_new:
            rate = pricing.set_rate(model, form.rates)
            self.log_change(request, model, gettext("Set version %d of the rates.") % rate.version)
        self.message_user(request, _("The model costs this from now on."), messages.SUCCESS)
        return redirect("admin:ledger_languagemodel_change", model.pk)

    def response_post_save_add(self, request: HttpRequest, obj: LanguageModel) -> HttpResponseRedirect:
        """Go on to the rates, without which the model is not offered."""
        if request.user.has_perm("ledger.add_rate"):
            return redirect("admin:ledger_languagemodel_rate", obj.pk)
        return super().response_post_save_add(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may add models."""
        return request.user.has_perm("ledger.add_languagemodel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LanguageModel]:
        """Read the rates in force of a whole page at once."""
        in_force = Rate.objects.in_force(timezone.now())
        return super().get_queryset(request).prefetch_related(Prefetch("rates", in_force))

    @admin.display(
        description=_("input / cached input / cache write / output, per million tokens"), empty_value="-"
    )
    def rates(self, model: LanguageModel) -> str | None:
        """Return what the model costs now."""
        return next((amounts.prices(rate.units) for rate in model.rates.all()), None)
