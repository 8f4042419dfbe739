"""Codes that give days of a plan: ordered here, where plans are known; then they are batches like others."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from billing.models import Plan, PlanBatch
from redemption.admin.batches import BatchAdmin
from redemption.models import Batch

MOST_DAYS = 366

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[PlanBatch]
else:  # takes no parameters while it runs
    ModelForm = forms.ModelForm


class PlanOrderForm(ModelForm):
    """An order for a batch of codes that give days of a plan."""

    plan = forms.ModelChoiceField(label=_("Plan"), queryset=Plan.objects.order_by("position", "pk"))
    plan_days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=30,
        help_text=_("Whoever has the plan already gets so many days more, if it does not renew by itself."),
    )

    class Meta:
        model = PlanBatch
        fields = ["name", "count", "plan", "plan_days", "expires_at", "note"]
        help_texts = {"expires_at": _("Leave empty for codes that never expire.")}

    def clean(self) -> dict[str, Any]:
        """Name the plan by its slug, as its codes do."""
        typed = super().clean() or {}
        plan = typed.get("plan")
        self.instance.plan_slug = plan.slug if plan is not None else ""
        return typed


@admin.register(PlanBatch)
class PlanBatchAdmin(BatchAdmin):
    """The batches of plan codes. What becomes of one is shown, and done, where all batches are."""

    add_form_template = "admin/redemption/batch/change_form.html"
    form = PlanOrderForm  # type: ignore[assignment]
    list_display = ["name", "state", "issued", "plan", "expires_at", "issued_by", "created_at"]
    list_filter = ["state"]

    def get_urls(self) -> list[Any]:
        """Leave the acts to the page of the batch."""
        return super(BatchAdmin, self).get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """Return batches of plan codes alone."""
        return super().get_queryset(request).exclude(plan_slug="")

    def get_fields(self, request: HttpRequest, obj: Batch | None = None) -> list[Any]:
        """Ask for the order; nothing is shown here of one that was made."""
        return list(PlanOrderForm.Meta.fields)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Go on to the page of the batch."""
        return redirect("admin:redemption_batch_change", object_id)

    def has_view_permission(self, request: HttpRequest, obj: Batch | None = None) -> bool:
        """Allow whoever may look at batches."""
        return self._may(request, "view")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to whoever may look at batches."""
        return self._may(request, "view")

    def log_addition(self, request: HttpRequest, obj: Batch, message: Any) -> Any:
        """Write it into the history of the batch, which is shown as what it is."""
        return super().log_addition(request, Batch.objects.get(pk=obj.pk), message)

    def response_post_save_add(self, request: HttpRequest, obj: Batch) -> HttpResponseRedirect:
        """Go on to where the codes can be seen coming."""
        return redirect("admin:redemption_batch_change", obj.pk)
