"""Registers the shop with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """The shop: packages, orders, payments, delivery."""

    name = "billing"
    verbose_name = _("Shop")
