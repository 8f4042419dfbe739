"""Mails that an order owes: written with the fact that they tell, sent afterwards, each once."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OwedMail, OwedMailQuerySet
from billing.models.orders import Order


class OrderMail(OwedMail):
    """One mail to the buyer of an order. Its text is made when it is sent: no secret is stored here."""

    class Kind(models.TextChoices):
        """What it says."""

        RECEIVED = "received", _("order received")
        DELIVERED = "delivered", _("order delivered")
        OPENED = "opened", _("shown in a new browser")
        LINK = "link", _("link to the order")
        REFUND = "refund", _("refund")
        DISPUTE = "dispute", _("dispute")
        INCOMPLETE = "incomplete", _("payment incomplete")
        AGENT_FAILED = "agent_failed", _("agent top-up failed")
        PLAN_ENDS = "plan_ends", _("plan ends soon")
        PLAN_RENEWED = "plan_renewed", _("plan renewed")
        RENEWAL_FAILED = "renewal_failed", _("renewal failed")
        PLAN_CANCELLED = "plan_cancelled", _("plan will not renew")
        INVOICE = "invoice", _("invoice for the next period")
        TRANSFER_DETAILS = "transfer_details", _("where to transfer to")
        TRANSFER_ASKED = "transfer_asked", _("question about a transfer")
        TRANSFER_REJECTED = "transfer_rejected", _("transfer rejected")

    order = models.ForeignKey(Order, models.PROTECT, related_name="mails", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    # Tells two mails of a kind apart, such as two browsers; a mail that an order owes once leaves it empty.
    occasion = models.CharField(_("occasion"), max_length=40, blank=True)
    recipient = models.EmailField(_("to"))

    objects: ClassVar[models.Manager["OrderMail"]] = OwedMailQuerySet["OrderMail"].as_manager()

    class Meta:
        verbose_name = _("mail of an order")
        verbose_name_plural = _("mails of an order")
        indexes = [models.Index(fields=["send_at"], name="mails_to_send", condition=Q(send_at__isnull=False))]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind", "occasion"], name="one_mail_per_order_kind_and_occasion"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}"
