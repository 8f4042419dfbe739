"""Agent top-ups in the admin: the vendors, and the queue of what is to be done by hand."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing import wordings
from billing.admin.pages import ShopAdmin, staff
from billing.admin.prices import CentsField, Price, PriceColumn, shown
from billing.errors import JobTaken, ScreenshotRefused
from billing.models import AgentJob, AgentVendor
from billing.services import agent_jobs

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    ModelForm = forms.ModelForm[AgentVendor]
else:  # takes no parameters while it runs
    ModelForm = forms.ModelForm

RIGHT = "billing.work_on_agentjob"
_TEXT = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})


class VendorForm(ModelForm):
    """A vendor, in both languages."""

    least_cents = CentsField(label=_("Smallest amount in USD"))
    most_cents = CentsField(label=_("Largest amount in USD"))
    fee_cents = CentsField(label=_("Fixed fee in USD"), initial=0)

    class Meta:
        model = AgentVendor
        fields = [
            "slug", "name", "name_zh", "least_cents", "most_cents", "fee_percent", "fee_cents", "position",
            "is_offered",
        ]  # fmt: skip


class DoneForm(forms.Form):
    """What shows that a job is done."""

    outcome = forms.CharField(
        label=_("What was done"),
        max_length=500,
        widget=_TEXT,
        help_text=_("Shown to the buyer: when, and by which number of the vendor's. No key and no password."),
    )
    picture = forms.FileField(label=_("Screenshot"), required=False)


class FailedForm(forms.Form):
    """Why a job could not be done."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=_TEXT, help_text=_("Told to the buyer.")
    )


class JobFilter(admin.SimpleListFilter):
    """What is to be done, unless something else is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> "list[tuple[str, StrPromise]]":
        """Offer what is not shown at first."""
        return [*AgentJob.State.choices, ("all", _("all"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the first choice by what it shows."""
        first, *others = super().choices(changelist)
        yield {**first, "display": _("to be done")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[AgentJob]) -> QuerySet[AgentJob]:
        """Keep what was asked for; a search finds all."""
        match self.value():
            case None if not request.GET.get("q"):
                return queryset.filter(state__in=[AgentJob.State.OPEN, AgentJob.State.CLAIMED])
            case None | "all":
                return queryset
            case state:
                return queryset.filter(state=state)


@admin.register(AgentVendor)
class AgentVendorAdmin(ShopAdmin):
    """One that was used is hidden, not deleted."""

    form = VendorForm
    list_display = ["name", "name_zh", "range", "fee_percent", "is_offered"]
    ordering = ["position", "pk"]
    search_fields = ["slug"]
    search_help_text = _("A whole slug.")
    fields = [*VendorForm.Meta.fields]
    editable_fields = VendorForm.Meta.fields

    @admin.display(description=_("amounts"))
    def range(self, vendor: AgentVendor) -> SafeString:
        """Return the smallest amount and the largest."""
        ends = (Price(vendor.least_cents, "USD"), Price(vendor.most_cents, "USD"))
        return format_html_join(" – ", "{}", ((shown(end),) for end in ends))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may add vendors."""
        return request.user.has_perm("billing.add_agentvendor")


@admin.register(AgentJob)
class AgentJobAdmin(ShopAdmin):
    """Nothing is edited here: a job is claimed by one, and said to be done or to have failed."""

    list_display = ["order", "vendor", "amount", "state", "claimed_by"]
    list_select_related = ["order", "vendor", "claimed_by"]
    list_filter = [JobFilter]
    ordering = ["pk"]
    search_fields = ["order__reference", "order__email"]
    search_help_text = _("An order's whole reference or e-mail address.")
    fields = [
        "order", "vendor", "account_email", "amount", "arrived", "state", "claimed_by", "ended_at", "outcome",
    ]  # fmt: skip

    amount = PriceColumn(_("amount"), lambda job: Price(job.amount_cents, "USD"))
    arrived = PriceColumn(
        _("paid"),
        lambda job: Price(job.order.payment.amount_cents, job.order.currency) if job.order.is_paid else None,
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the acts to the admin's own pages."""
        acts: dict[str, Callable[..., HttpResponse]] = {
            "claim": require_POST(self.claim),
            "back": require_POST(self.give_back),
            "done": self.mark_done,
            "failed": self.mark_failed,
        }
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"billing_agentjob_{name}")
            for name, view in acts.items()
        ] + super().get_urls()

    def claim(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the job that of who asks."""
        job = self.row(request, pk, right=RIGHT)
        agent_jobs.claim(job.order_id, by=staff(request))
        return self.done(request, job, _("The job is yours."), logged=gettext("Claimed the job."))

    def give_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let somebody else claim the job."""
        job = self.row(request, pk, right=RIGHT)
        agent_jobs.give_back(job.order_id)
        return self.done(request, job, _("Anybody can claim it now."), logged=gettext("Gave the job back."))

    def mark_done(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask what shows that it is done, and tell the buyer."""
        job = self.row(request, pk, right=RIGHT)
        form = DoneForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            try:
                agent_jobs.finish(job.order_id, by=staff(request), **form.cleaned_data)
            except (JobTaken, ScreenshotRefused) as error:
                form.add_error(None, wordings.told(error).sentence)
            else:
                said = _("The job is done, and the buyer is told.")
                return self.done(request, job, said, logged=gettext("Marked the job as done."))
        return self.ask(request, job, form, act="done", title=_("Mark as done"))

    def mark_failed(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why it cannot be done, tell the buyer, and have the money given back."""
        job = self.row(request, pk, right=RIGHT)
        form = FailedForm(request.POST or None)
        if form.is_valid():
            try:
                agent_jobs.fail(job.order_id, by=staff(request), reason=form.cleaned_data["reason"])
            except JobTaken as error:
                form.add_error(None, wordings.told(error).sentence)
            else:
                said = _("The job has failed: a review says what is to be paid back.")
                return self.done(request, job, said, logged=gettext("Marked the job as failed."))
        return self.ask(request, job, form, act="failed", title=_("Mark as failed"))
