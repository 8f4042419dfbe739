"""The published rates: how many units of a currency buy one USD of what the shop sells, in versions."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PublishedRateQuerySet(models.QuerySet["PublishedRate"]):
    """Questions about rates."""

    def newest_first(self) -> "PublishedRateQuerySet":
        """Return the versions of every currency, the one that counts before those that it replaced."""
        return self.order_by("currency", "-pk")

    def in_force(self) -> "PublishedRateQuerySet":
        """Return the version that counts of each currency."""
        return self.newest_first().distinct("currency")


class PublishedRate(models.Model):
    """One version of a currency's rate: written once, never edited. The newest counts.

    An order keeps the rate that counted when it was written, so a new version changes no quote.
    """

    currency = models.CharField(_("currency"), max_length=12)
    units_per_usd = models.DecimalField(_("units for one USD"), max_digits=20, decimal_places=8)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now, editable=False)
    # Nobody, for what came with the demo data.
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("set by"),
    )

    objects: ClassVar[models.Manager["PublishedRate"]] = PublishedRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("published rate")
        verbose_name_plural = _("published rates")
        indexes = [models.Index(fields=["currency", "-id"], name="rates_of_a_currency")]
        constraints = [
            models.CheckConstraint(name="published_rate_is_positive", condition=Q(units_per_usd__gt=0)),
            models.CheckConstraint(name="published_rate_names_a_currency", condition=~Q(currency="")),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.units_per_usd.normalize():f}"
