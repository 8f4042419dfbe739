"""Comparisons of our books with what the providers have, and when each was made."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.providers import Provider, provider_is_known


class ReconciliationQuerySet(models.QuerySet["Reconciliation"]):
    """Questions about comparisons."""

    def finished(self, provider: str) -> "ReconciliationQuerySet":
        """Return the comparisons with a provider that came to their end, the newest first."""
        return self.filter(provider=provider, error="", ended_at__isnull=False).order_by("-pk")


class Reconciliation(models.Model):
    """One comparison with a provider: what was looked at, from which moment on, and what was found."""

    provider = models.CharField(_("provider"), max_length=12, choices=Provider.choices)
    # Everything since then was compared, again as far as an earlier comparison had seen it.
    since = models.DateTimeField(_("since"))
    began_at = models.DateTimeField(_("began"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    looked_at = models.PositiveIntegerField(_("payments looked at"), default=0)
    differences = models.PositiveIntegerField(_("differences"), default=0)
    # Why it came to no end.
    error = models.CharField(_("last error"), max_length=300, blank=True)

    objects: ClassVar[models.Manager["Reconciliation"]] = ReconciliationQuerySet.as_manager()

    class Meta:
        verbose_name = _("comparison with a provider")
        verbose_name_plural = _("comparisons with providers")
        indexes = [models.Index(fields=["provider", "-id"], name="comparisons_of_a_provider")]
        constraints = [
            provider_is_known("reconciliation"),
            models.CheckConstraint(
                name="reconciliation_that_failed_has_ended",
                condition=Q(error="") | Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.began_at:%Y-%m-%d %H:%M}"
