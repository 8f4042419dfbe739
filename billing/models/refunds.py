"""Refunds: money that goes back to a buyer, and the credit that is taken back for it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from billing.models.payments import Payment
from billing.models.providers import Provider, provider_is_known


class RefundQuerySet(models.QuerySet["Refund"]):
    """Questions about refunds."""

    def standing(self) -> "RefundQuerySet":
        """Return the refunds that did not fail, the oldest first."""
        return self.exclude(state=Refund.State.FAILED).order_by("pk")

    def awaited(self) -> "RefundQuerySet":
        """Return the refunds of which nobody knows yet that the money went."""
        return self.filter(state=Refund.State.AWAITING)

    def to_ask_about(self) -> "RefundQuerySet":
        """Return the refunds that the provider is to be asked for or about now, the longest waiting first."""
        return self.filter(ask_at__lte=Now()).order_by("ask_at")


class Refund(models.Model):
    """One refund, or one dispute, of an order's payment: written with the intent, before any provider hears.

    Its credit is taken back in the same transaction. What that came to stands in four parts, which make its
    credit: withheld, as it was never delivered; taken from wallets; taken with a code that nobody had
    redeemed; and owed, because it was spent.
    """

    class Kind(models.TextChoices):
        """Who wants the money back: with a DISPUTE, the buyer's bank."""

        REFUND = "refund", _("refund")
        DISPUTE = "dispute", _("dispute")

    class Origin(models.TextChoices):
        """Who began it."""

        OPERATOR = "operator", _("the operator")
        PROVIDER = "provider", _("the provider")
        AGENT = "agent", _("work by hand that failed")
        RENEWAL = "renewal", _("a renewal of a plan that was left")

    class State(models.TextChoices):
        """Whether the money went."""

        AWAITING = "awaiting", _("awaiting provider")
        DONE = "done", _("money went back")
        FAILED = "failed", _("failed")

    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds", verbose_name=_("order"))
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    origin = models.CharField(_("begun by"), max_length=8, choices=Origin.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.AWAITING)
    # What goes back, with tax, in the currency of the payment.
    amount_cents = models.PositiveIntegerField(_("amount, in hundredths"))
    currency = models.CharField(_("currency"), max_length=12)
    # Units of that currency for one USD of credit: the rate that was charged, unless somebody says otherwise.
    units_per_usd = models.DecimalField(_("exchange rate"), max_digits=24, decimal_places=8, null=True)
    # The share of the order's credit that the amount stands for.
    credit_nano_usd = models.BigIntegerField(_("credit"))
    withheld_nano_usd = models.BigIntegerField(_("never delivered"), default=0)
    taken_nano_usd = models.BigIntegerField(_("taken from wallets"), default=0)
    code_nano_usd = models.BigIntegerField(_("taken with its code"), default=0)
    debt_nano_usd = models.BigIntegerField(_("spent, and owed"), default=0)
    # When the credit was taken back; empty while the order is not delivered.
    taken_at = models.DateTimeField(_("credit taken back"), null=True, blank=True)
    # The guest's key was stopped, or the account frozen, by this refund: undone if it fails.
    stopped_key = models.BooleanField(_("stopped the key"), default=False)
    froze_account = models.BooleanField(_("froze the account"), default=False)

    provider = models.CharField(_("provider"), max_length=12, choices=Provider.choices)
    # The refund or the dispute at the provider, once it has told of it.
    provider_refund_id = models.CharField(_("refund at the provider"), max_length=120, blank=True)
    # What the operator entered who sent the money by hand.
    proof = models.CharField(_("reference"), max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # When the provider is to be asked for it, or about it; never, when that is done by hand.
    ask_at = models.DateTimeField(null=True, editable=False)
    asks = models.PositiveIntegerField(_("asked"), default=0, editable=False)
    # The provider has accepted it: it is not to be asked for once more.
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    objects: ClassVar[models.Manager["Refund"]] = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        permissions = [
            ("refund_order", _("Can refund an order")),
            ("end_refund", _("Can enter what became of a refund")),
        ]
        indexes = [
            models.Index(fields=["ask_at"], name="refunds_to_ask_about", condition=Q(ask_at__isnull=False)),
            models.Index(fields=["-id"], name="refunds_awaited", condition=Q(state="awaiting")),
        ]
        constraints = [
            provider_is_known("refund"),
            models.CheckConstraint(name="refund_kind_is_known", condition=Q(kind__in=["refund", "dispute"])),
            models.CheckConstraint(
                name="refund_state_is_known", condition=Q(state__in=["awaiting", "done", "failed"])
            ),
            models.CheckConstraint(name="refund_is_of_something", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="refund_takes_nothing_negative",
                condition=Q(
                    credit_nano_usd__gte=0,
                    withheld_nano_usd__gte=0,
                    taken_nano_usd__gte=0,
                    code_nano_usd__gte=0,
                    debt_nano_usd__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="refund_parts_make_its_credit",
                condition=Q(taken_at__isnull=True)
                | Q(
                    credit_nano_usd=F("withheld_nano_usd")
                    + F("taken_nano_usd")
                    + F("code_nano_usd")
                    + F("debt_nano_usd")
                ),
            ),
            models.CheckConstraint(
                name="refund_ends_with_its_state",
                condition=Q(state="awaiting", ended_at__isnull=True)
                | (~Q(state="awaiting") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="only_awaited_refunds_are_asked_about",
                condition=Q(ask_at__isnull=True) | Q(state="awaiting"),
            ),
            models.CheckConstraint(
                name="refund_by_the_operator_names_who",
                condition=~Q(origin="operator") | Q(made_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["provider", "kind", "provider_refund_id"],
                name="one_row_per_refund_at_the_provider",
                condition=~Q(provider_refund_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of order {self.order_id}"

    def entry_name(self, what: str) -> str:
        """Return the name of its entry in the books that did ``what``, such as `taken` or `given_back`."""
        return f"refund:{self.pk}:{what}"

    @property
    def is_done_by_hand(self) -> bool:
        """Tell whether it waits for somebody who sends the money."""
        return self.state == Refund.State.AWAITING and self.ask_at is None and not self.provider_refund_id
