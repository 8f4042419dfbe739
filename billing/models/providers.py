"""Who takes money for the shop."""

from django.db import models
from django.db.models import Q


class Provider(models.TextChoices):
    """A payment provider, by the word that stands in tables, addresses and logs."""

    CREEM = "creem", "Creem"


class Mode(models.TextChoices):
    """Whether the money is real."""

    LIVE = "live", "live"
    TEST = "test", "test"


def provider_is_known(table: str) -> models.CheckConstraint:
    """Return the rule that a row of ``table`` names one of the providers."""
    return models.CheckConstraint(
        name=f"{table}_provider_is_known", condition=Q(provider__in=Provider.values)
    )
