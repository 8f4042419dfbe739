"""The admin site: entered through the site's own login, with its limits and second factors."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from billing.services import daily_report


class PortalAdminSite(admin.AdminSite):
    """Django's admin without a way in of its own: passwords are asked for, and changed, in one place only."""

    site_header = settings.SITE_NAME
    site_title = settings.SITE_NAME
    index_title = _("Administration")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show above everything what must not be missed, to whoever may look at it."""
        alarms = daily_report.alarms() if request.user.has_perm("billing.view_review") else None
        return super().index(request, {**(extra_context or {}), "shop_alarms": alarms})

    @method_decorator(login_not_required)
    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send strangers to the site's login and staff to the index; anybody else gets a 403."""
        return redirect("admin:index")

    def password_change(  # type: ignore[override]  # a redirect, where Django renders a form
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send staff to the site's own page: the admin's would let a stolen session guess without a limit."""
        return redirect("account_change_password")
