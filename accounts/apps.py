"""The accounts app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, their keys, and the security that both share."""

    name = "accounts"
    verbose_name = _("People and keys")
