"""The transfer desk: where buyers send money themselves, what they say of it, and what staff decided."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order


class TransferChannelQuerySet(models.QuerySet["TransferChannel"]):
    """Questions about channels."""

    def open(self) -> "TransferChannelQuerySet":
        """Return the channels that take transfers now, in the shop's order."""
        return self.filter(is_open=True).order_by("position", "pk")


class TransferChannel(models.Model):
    """One account of the operator's that buyers may transfer to, with its words in both languages."""

    slug = models.SlugField(_("slug"), max_length=30, unique=True)
    name = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    currency = models.CharField(_("currency"), max_length=12)
    # One line, to be copied. Shown with every order of the channel as it is now: an account that was closed
    # must not be paid to.
    account = models.CharField(_("account to transfer to"), max_length=300)
    instructions = models.TextField(_("instructions in English"), max_length=1000, blank=True)
    instructions_zh = models.TextField(_("instructions in Chinese"), max_length=1000, blank=True)
    # A picture of the operator's, or a text such as an address of coins, that pages show as a QR code.
    qr_image = models.BinaryField(null=True, editable=False)
    qr_text = models.CharField(_("text of the QR code"), max_length=300, blank=True)
    minimum_cents = models.PositiveIntegerField(_("smallest amount, in hundredths"))
    position = models.PositiveSmallIntegerField(_("place on the page"), default=0)
    is_open = models.BooleanField(_("open"), default=True)

    objects: ClassVar[models.Manager["TransferChannel"]] = TransferChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer channel")
        verbose_name_plural = _("transfer channels")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="transfer_channel_takes_something", condition=Q(minimum_cents__gt=0) & ~Q(currency="")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_qr(self) -> bool:
        """Tell whether there is a QR code to show."""
        return bool(self.qr_image or self.qr_text)


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Questions about transfers."""

    def submitted(self) -> "TransferQuerySet":
        """Return what waits for a decision, the longest waiting first."""
        return self.filter(state=Transfer.State.SUBMITTED).order_by("submitted_at")

    def with_doubles(self) -> "TransferQuerySet":
        """Say of each, as `is_doubled`, whether another one of its currency names the same transaction."""
        same = Transfer.objects.filter(currency=OuterRef("currency"), reference_key=OuterRef("reference_key"))
        others = same.exclude(reference_key="").exclude(pk=OuterRef("pk"))
        return self.annotate(is_doubled=Exists(others))

    def to_lapse(self) -> "TransferQuerySet":
        """Return what nobody has submitted in time."""
        return self.filter(lapse_at__lte=Now()).order_by("lapse_at")


class Transfer(models.Model):
    """What the buyer of an order says about the money that they sent, and how far that got.

    APPROVED and REJECTED are final. A LAPSED one may still be approved: money can come late.
    """

    class State(models.TextChoices):
        """How far it got."""

        WAITING = "waiting", _("waiting for the transfer")
        SUBMITTED = "submitted", _("being checked")
        ASKED = "asked", _("asked again")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        LAPSED = "lapsed", _("lapsed")

    class Reason(models.TextChoices):
        """Why it was rejected."""

        NOT_ARRIVED = "not_arrived", _("The money did not arrive.")
        WRONG_REFERENCE = "wrong_reference", _("The reference belongs to no transfer that we received.")
        USED_BEFORE = "used_before", _("The transfer has paid another order already.")
        WRONG_AMOUNT = "wrong_amount", _("The amount that arrived is another one.")
        OTHER = "other", _("Another reason.")

    DECIDED = (State.APPROVED, State.REJECTED)

    order = models.OneToOneField(
        Order, models.PROTECT, related_name="transfer", verbose_name=_("order"), editable=False
    )
    channel = models.ForeignKey(
        TransferChannel, models.PROTECT, related_name="transfers", verbose_name=_("channel")
    )
    # Of the channel, when the order was written.
    currency = models.CharField(_("currency"), max_length=12)
    # What the buyer quotes with the transfer, and staff search by. It opens nothing.
    memo = models.CharField(_("memo"), max_length=12, db_index=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    # What the buyer typed, and the same without case, spaces and dashes.
    transaction_reference = models.CharField(_("transaction reference"), max_length=120, blank=True)
    reference_key = models.CharField(max_length=80, blank=True, editable=False)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    # When it lapses; never, while it waits for us.
    lapse_at = models.DateTimeField(null=True, editable=False)
    # What the buyer is told: why it was rejected, or what is asked.
    reason = models.CharField(_("reason"), max_length=16, choices=Reason.choices, blank=True)
    message = models.CharField(_("message to the buyer"), max_length=500, blank=True)

    objects: ClassVar[models.Manager["Transfer"]] = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        permissions = [("decide_transfer", _("Can see screenshots of transfers, and decide about them"))]
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="transfers_to_decide"),
            models.Index(fields=["currency", "reference_key"], name="transfers_by_reference"),
            models.Index(fields=["lapse_at"], name="transfers_to_lapse", condition=Q(lapse_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                name="transfer_state_is_known",
                condition=Q(state__in=["waiting", "submitted", "asked", "approved", "rejected", "lapsed"]),
            ),
            models.CheckConstraint(
                name="transfer_that_was_submitted_names_a_transaction",
                condition=~Q(state="submitted") | (~Q(reference_key="") & Q(submitted_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="transfer_lapses_while_it_waits_for_its_buyer",
                condition=Q(state__in=["waiting", "asked"], lapse_at__isnull=False)
                | (~Q(state__in=["waiting", "asked"]) & Q(lapse_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="transfer_is_rejected_for_a_reason", condition=~Q(state="rejected") | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return self.memo

    @property
    def is_decided(self) -> bool:
        """Tell whether the last word is spoken."""
        return self.state in self.DECIDED

    @property
    def can_be_submitted(self) -> bool:
        """Tell whether the buyer may say now what they sent."""
        return self.state in {self.State.WAITING, self.State.ASKED, self.State.LAPSED}


class TransferScreenshot(models.Model):
    """A picture that a buyer attached, as we encoded it anew. Only its holder and deciding staff see it."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="screenshots")
    image = models.BinaryField(editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("screenshot of a transfer")
        verbose_name_plural = _("screenshots of a transfer")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"screenshot {self.pk} of transfer {self.transfer_id}"


class TransferDecision(models.Model):
    """What one of the staff decided about a transfer: written once, never edited."""

    class Kind(models.TextChoices):
        """What was decided."""

        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        ASKED = "asked", _("asked again")

    transfer = models.ForeignKey(
        Transfer, models.PROTECT, related_name="decisions", verbose_name=_("transfer")
    )
    kind = models.CharField(_("decision"), max_length=10, choices=Kind.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    # What arrived, of an approved one.
    amount_cents = models.PositiveIntegerField(_("amount, in hundredths"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=16, choices=Transfer.Reason.choices, blank=True)
    message = models.CharField(_("message to the buyer"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("decision about a transfer")
        verbose_name_plural = _("decisions about a transfer")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["transfer"],
                name="one_last_decision_per_transfer",
                condition=Q(kind__in=["approved", "rejected"]),
            ),
            models.CheckConstraint(
                name="approved_transfer_brought_an_amount",
                condition=Q(kind="approved", amount_cents__gt=0)
                | (~Q(kind="approved") & Q(amount_cents__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of transfer {self.transfer_id}"
