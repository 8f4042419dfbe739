"""Comparisons with the providers in the admin, and the report of each day."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from billing.admin.pages import ShopAdmin
from billing.models import Reconciliation
from billing.services import daily_report


@admin.register(Reconciliation)
class ReconciliationAdmin(ShopAdmin):
    """When our payments were held against a provider's, and what came of it."""

    list_display = ["provider", "began_at", "ended_at", "looked_at", "differences", "error"]
    fields = ["provider", "since", "began_at", "ended_at", "looked_at", "differences", "error"]

    def get_urls(self) -> list[URLPattern]:
        """Add the report to the admin's own pages."""
        report = self.admin_site.admin_view(self.report)
        return [path("report/", report, name="billing_report"), *super().get_urls()]

    def report(self, request: HttpRequest) -> HttpResponse:
        """Show the last two weeks, and what needs a person."""
        self.require_view(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Daily report"),
            "lines": daily_report.lines(),
            "alarms": daily_report.alarms(),
        }
        return TemplateResponse(request, "admin/billing/report.html", context)

    def require_view(self, request: HttpRequest) -> None:
        """Refuse whoever may not see comparisons."""
        if not self.has_view_permission(request):
            raise PermissionDenied
