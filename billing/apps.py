"""Registers the shop with Django."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from billing import checks


class BillingConfig(AppConfig):
    """The shop: packages, orders, payments, delivery."""

    name = "billing"
    verbose_name = _("Shop")

    def ready(self) -> None:
        """Have the settings of the shop checked whenever anything starts."""
        for check in (checks.creem, checks.nowpayments, checks.key_issuer, checks.addresses):
            register(check, checks.TAG)
