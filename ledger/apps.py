"""The ledger app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    """The one home of money."""

    name = "ledger"
    verbose_name = _("Ledger")
