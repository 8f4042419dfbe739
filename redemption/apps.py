"""The redemption app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RedemptionConfig(AppConfig):
    """Codes that turn into credit, once."""

    name = "redemption"
    verbose_name = _("Redemption codes")
