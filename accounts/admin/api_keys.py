"""API keys in the admin: enough to tell one from another and to stop it, never enough to use it."""

from collections.abc import Callable

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin.lists import FastListAdmin
from accounts.models import ApiKey
from accounts.services import api_keys


@admin.register(ApiKey)
class ApiKeyAdmin(FastListAdmin):
    """Keys are made and named by their owners; staff may disable and enable them."""

    list_display = ["shown", "name", "customer", "state", "created_at", "last_used_at", "expires_at"]
    list_select_related = ["customer"]
    search_fields = ["key_id", "customer", "customer__user__email"]
    search_help_text = _(
        "The 12 characters after “sk-”, a customer's number, or a whole e-mail address. Never a whole key."
    )
    fields = [
        "key_id", "last_four", "name", "customer", "state", "created_at", "last_used_at", "expires_at",
    ]  # fmt: skip
    actions = ["disable", "enable"]

    @admin.action(description=_("Disable the selected keys"), permissions=["stop"])
    def disable(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Stop keys until they are enabled."""
        self._apply(request, queryset, api_keys.disable)

    @admin.action(description=_("Enable the selected keys"), permissions=["stop"])
    def enable(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Let disabled keys work again."""
        self._apply(request, queryset, api_keys.enable)

    @admin.display(description=_("API key"))
    def shown(self, api_key: ApiKey) -> str:
        """Return what may be shown of the key."""
        return api_key.shown

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Ask for the right to change keys, though no field of theirs can be edited."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def _apply(self, request: HttpRequest, queryset: QuerySet[ApiKey], act: Callable[[ApiKey], None]) -> None:
        keys = queryset.exclude(state=ApiKey.State.REVOKED)[: self.list_per_page]
        for api_key in keys:
            act(api_key)
        self.message_user(request, ngettext("%d key changed.", "%d keys changed.", len(keys)) % len(keys))
