"""Alerts: so much of a key's limit is spent that its owner wants to know."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, OwedMail, OwedMailQuerySet


class KeyAlert(OwedMail):
    """One limit in one window, spent to the share that the owner named. Told once, in a mail.

    A guest has no address: then there is nothing to send. A limit that is changed is another limit.
    """

    class Kind(models.TextChoices):
        """Which limit."""

        TOTAL = "total", _("total limit")
        MONTHLY = "monthly", _("monthly limit")
        DAILY = "daily", _("daily limit")

    api_key = models.ForeignKey(
        ApiKey, models.PROTECT, db_index=False, related_name="alerts", verbose_name=_("API key")
    )
    kind = models.CharField(_("limit"), max_length=7, choices=Kind.choices)
    # The first day of the window; of the total limit, the day on which the key was made.
    since = models.DateField(_("since"))
    limit_nano_usd = models.BigIntegerField(_("may spend"))
    spent_nano_usd = models.BigIntegerField(_("spent"))

    objects: ClassVar[models.Manager["KeyAlert"]] = OwedMailQuerySet["KeyAlert"].as_manager()

    class Meta:
        verbose_name = _("key alert")
        verbose_name_plural = _("key alerts")
        indexes = [
            models.Index(fields=["send_at"], name="key_alerts_to_send", condition=Q(send_at__isnull=False))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["api_key", "kind", "since", "limit_nano_usd"], name="one_alert_per_limit_and_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} alert of key {self.api_key_id}"

    @property
    def percent(self) -> int:
        """Return how much of the limit was spent when the alert was raised."""
        return min(100, 100 * self.spent_nano_usd // self.limit_nano_usd)
