"""Codes in the admin: their state and their story, never their text."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.admin.lists import FastListAdmin
from ledger.admin.amounts import AmountColumn
from redemption.admin.forms import FindForm
from redemption.errors import CodeMistyped
from redemption.models import Code
from redemption.services import codes


@admin.register(Code)
class CodeAdmin(FastListAdmin):
    """To be looked up by the whole code or by batch."""

    list_display = ["__str__", "batch", "value", "state", "batch__expires_at", "redeemed_by", "closed_at"]
    list_select_related = ["batch", "redeemed_by"]
    value = AmountColumn(_("value"), lambda code: code.value_nano_usd or None)
    fields = ["batch", "last_four", "value", "state", "redeemed_by", "closed_at"]

    def get_urls(self) -> list[URLPattern]:
        """Add the search to the admin's own pages."""
        find = self.admin_site.admin_view(require_POST(self.find))
        return [path("find/", find, name="redemption_code_find"), *super().get_urls()]

    def find(self, request: HttpRequest) -> HttpResponse:
        """Open the row of a code that somebody asks about."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = FindForm(request.POST)
        code = _found(form.cleaned_data["code"]) if form.is_valid() else None
        if code is None:
            self.message_user(request, _("There is no such code."), messages.WARNING)
            return redirect("admin:redemption_code_changelist")
        return redirect("admin:redemption_code_change", code.pk)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer states within one batch only: over all codes, a rare state would be sought for long."""
        return ["state"] if "batch" in request.GET else []


def _found(typed_code: str) -> Code | None:
    try:
        return codes.find(typed_code)
    except CodeMistyped:
        return None
