"""The admin as a Django app of ours: its site, and what it does not show."""

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig

# What allauth would show: session keys, second factors, tokens, and lists that count and search every row.
HIDDEN = [
    "account.EmailAddress",
    "mfa.Authenticator",
    "socialaccount.SocialAccount",
    "socialaccount.SocialApp",
    "socialaccount.SocialToken",
    "usersessions.UserSession",
]


class PortalAdminConfig(AdminConfig):
    """Installs `PortalAdminSite` as the one admin, so that no list of URLs can mount another login."""

    default_site = "portal.admin_site.PortalAdminSite"

    def ready(self) -> None:
        """Find the admin pages of every app, then take away what nobody should read."""
        super().ready()
        for label in HIDDEN:
            admin.site.unregister(apps.get_model(label))
