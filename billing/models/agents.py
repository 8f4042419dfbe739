"""Agent top-ups: what staff add by hand to a buyer's own account at a vendor, and the job that it is."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order


class AgentVendorQuerySet(models.QuerySet["AgentVendor"]):
    """Questions about vendors."""

    def offered(self) -> "AgentVendorQuerySet":
        """Return the vendors whose accounts are topped up now, in the shop's order."""
        return self.filter(is_offered=True).order_by("position", "pk")


class AgentVendor(models.Model):
    """A vendor whose accounts staff top up, in USD, and what the shop takes for it."""

    slug = models.SlugField(_("slug"), max_length=30, unique=True)
    name = models.CharField(_("name in English"), max_length=40)
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    least_cents = models.PositiveIntegerField(_("smallest amount, in US cents"))
    most_cents = models.PositiveIntegerField(_("largest amount, in US cents"))
    # Of the amount, and on top of that: both are added to the price.
    fee_percent = models.DecimalField(_("fee in percent"), max_digits=5, decimal_places=2, default=0)
    fee_cents = models.PositiveIntegerField(_("fixed fee, in US cents"), default=0)
    position = models.PositiveSmallIntegerField(_("place on the page"), default=0)
    is_offered = models.BooleanField(_("offered"), default=True)

    objects: ClassVar[models.Manager["AgentVendor"]] = AgentVendorQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent vendor")
        verbose_name_plural = _("agent vendors")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="agent_vendor_takes_amounts",
                condition=Q(least_cents__gt=0, most_cents__gte=F("least_cents"), fee_percent__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AgentJobQuerySet(models.QuerySet["AgentJob"]):
    """Questions about jobs."""

    def to_do(self) -> "AgentJobQuerySet":
        """Return the jobs that wait for staff."""
        return self.filter(state__in=[AgentJob.State.OPEN, AgentJob.State.CLAIMED])


class AgentJob(models.Model):
    """What staff have to do for one order: OPEN when it is paid, CLAIMED by one, then DONE or FAILED."""

    class State(models.TextChoices):
        """How far it got."""

        UNPAID = "unpaid", _("not paid yet")
        OPEN = "open", _("waiting to be done")
        CLAIMED = "claimed", _("being done")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    order = models.OneToOneField(
        Order, models.PROTECT, related_name="agent_job", verbose_name=_("order"), editable=False
    )
    vendor = models.ForeignKey(AgentVendor, models.PROTECT, related_name="jobs", verbose_name=_("vendor"))
    # The buyer's own account there. Never a password and never a key.
    account_email = models.EmailField(_("account at the vendor"))
    amount_cents = models.PositiveIntegerField(_("amount, in US cents"))
    # The part of the order's price that is the shop's, in the order's currency.
    fee_cents = models.PositiveIntegerField(_("fee, in hundredths"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.UNPAID)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("claimed by"),
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # What shows that it was done, or why it could not be; told to the buyer.
    outcome = models.CharField(_("what came of it"), max_length=500, blank=True)
    proof = models.BinaryField(null=True, editable=False)

    objects: ClassVar[models.Manager["AgentJob"]] = AgentJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent job")
        verbose_name_plural = _("agent jobs")
        permissions = [("work_on_agentjob", _("Can claim agent jobs, and say what came of them"))]
        indexes = [models.Index(fields=["state", "id"], name="agent_jobs_to_do")]
        constraints = [
            models.CheckConstraint(
                name="agent_job_state_is_known",
                condition=Q(state__in=["unpaid", "open", "claimed", "done", "failed"]),
            ),
            models.CheckConstraint(
                name="agent_job_is_claimed_by_somebody",
                condition=Q(state__in=["unpaid", "open"], claimed_by__isnull=True)
                | (~Q(state__in=["unpaid", "open"]) & Q(claimed_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="agent_job_ends_with_an_outcome",
                condition=Q(state__in=["done", "failed"], ended_at__isnull=False) & ~Q(outcome="")
                | (~Q(state__in=["done", "failed"]) & Q(ended_at__isnull=True)),
            ),
            models.CheckConstraint(name="agent_job_adds_something", condition=Q(amount_cents__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.pk}"
