"""Who takes money for the shop."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Provider(models.TextChoices):
    """Who takes the money, by the word that stands in tables, addresses and logs.

    With TRANSFER it is the shop itself: the operator looks at an account of theirs, and nobody can be asked.
    """

    CREEM = "creem", "Creem"
    NOWPAYMENTS = "nowpayments", "NowPayments"
    TRANSFER = "transfer", _("transfer")


class Mode(models.TextChoices):
    """Whether the money is real."""

    LIVE = "live", "live"
    TEST = "test", "test"


def provider_is_known(table: str) -> models.CheckConstraint:
    """Return the rule that a row of ``table`` names one of the providers."""
    return models.CheckConstraint(
        name=f"{table}_provider_is_known", condition=Q(provider__in=Provider.values)
    )
