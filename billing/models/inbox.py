"""The inbox: everything that a provider has told us, byte for byte, and what became of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.providers import Provider, provider_is_known


class InboxQuerySet(models.QuerySet["InboxEvent"]):
    """Questions about the inbox."""

    def waiting(self) -> "InboxQuerySet":
        """Return what nobody has handled and whose next try is due, the longest waiting first."""
        return self.filter(handle_at__lte=Now()).order_by("handle_at")


class InboxEvent(models.Model):
    """One verified webhook, once per provider and event id, as it was received."""

    class Outcome(models.TextChoices):
        """What handling it came to."""

        APPLIED = "applied", _("applied")
        NOTHING_NEW = "nothing_new", _("nothing new")
        REVIEW = "review", _("sent to review")
        KEPT = "kept", _("kept, nothing to do")

    provider = models.CharField(_("provider"), max_length=12, choices=Provider.choices)
    event_id = models.CharField(_("event"), max_length=160)
    kind = models.CharField(_("kind"), max_length=80)
    body = models.BinaryField(editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    # How often the provider has told it.
    deliveries = models.PositiveIntegerField(_("deliveries"), default=1)
    # When it is to be handled, or handled again; never, once it is.
    handle_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    # The order that it is about, as far as it names one of ours.
    order = models.ForeignKey(
        "billing.Order", models.PROTECT, null=True, blank=True, related_name="events", verbose_name=_("order")
    )

    objects: ClassVar[models.Manager["InboxEvent"]] = InboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("inbox event")
        verbose_name_plural = _("inbox events")
        permissions = [("replay_event", _("Can handle an inbox event again"))]
        indexes = [
            models.Index(fields=["handle_at"], name="events_that_wait", condition=Q(handle_at__isnull=False)),
        ]
        constraints = [
            provider_is_known("inbox_event"),
            models.UniqueConstraint(fields=["provider", "event_id"], name="one_row_per_provider_and_event"),
            models.CheckConstraint(
                name="inbox_event_handled_has_an_outcome",
                condition=Q(handled_at__isnull=True, outcome="")
                | (Q(handled_at__isnull=False) & ~Q(outcome="")),
            ),
            models.CheckConstraint(
                name="inbox_event_waits_until_it_is_handled",
                condition=Q(handled_at__isnull=False) | Q(handle_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.event_id
