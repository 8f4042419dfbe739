"""People in the admin: who they are, whether they may log in, and what staff may do."""

from collections.abc import Sequence
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.lists import FastListAdmin
from accounts.models import User


@admin.register(User)
class UserAdmin(FastListAdmin):
    """Support may close and open a customer's login; who is staff, superusers decide."""

    list_display = ["email", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_staff"]
    search_fields = ["email", "id"]
    search_help_text = _("A whole e-mail address, or a number.")
    fields = [
        "email", "has_verified_email", "has_second_factor", "language", "date_joined", "last_login",
        "is_active", "is_staff", "is_superuser", "groups", "user_permissions",
    ]  # fmt: skip
    editable_fields = ["is_active"]
    fields_for_superusers = ["is_active", "is_staff", "groups", "user_permissions"]
    filter_horizontal = ["groups", "user_permissions"]

    @admin.display(boolean=True, description=_("verified e-mail address"))
    def has_verified_email(self, user: User) -> bool:
        """Return whether the person proved to read the mails of this address."""
        proven = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
        return bool(proven.exists())

    @admin.display(boolean=True, description=_("second factor"))
    def has_second_factor(self, user: User) -> bool:
        """Return whether a password alone is not enough to log in."""
        return bool(is_mfa_enabled(user))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find an address however its case was typed."""
        return super().get_search_results(request, queryset, search_term.lower())

    def get_editable_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Leave staff to superusers: support must neither make staff nor close the administrator's login."""
        if request.user.is_superuser:
            return self.fields_for_superusers
        return () if obj is not None and obj.is_staff else self.editable_fields
