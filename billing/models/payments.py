"""Money that came: each payment once, and what came in a way that no order expects."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models.inbox import InboxEvent
from billing.models.orders import Order
from billing.models.providers import Provider, provider_is_known


class Payment(models.Model):
    """One transaction of a provider that paid an order, in the provider's own figures. It grants once."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="payment", verbose_name=_("order"))
    provider = models.CharField(_("provider"), max_length=12, choices=Provider.choices)
    transaction_id = models.CharField(_("transaction"), max_length=120)
    currency = models.CharField(_("currency"), max_length=12)
    amount_cents = models.PositiveIntegerField(_("amount before tax, in hundredths"))
    tax_cents = models.PositiveIntegerField(_("tax, in hundredths"), null=True, blank=True)
    paid_cents = models.PositiveIntegerField(_("paid with tax, in hundredths"), null=True, blank=True)
    # The sum of its refunds and disputes that did not fail, with tax.
    refunded_cents = models.PositiveIntegerField(_("gone back, in hundredths"), default=0, editable=False)
    # What the buyer typed at the provider; it may differ from the order's.
    email = models.EmailField(_("e-mail address at the provider"), blank=True)
    customer_id = models.CharField(_("customer at the provider"), max_length=80, blank=True)
    # Of a subscription at the provider: which, and the time that this payment pays for.
    subscription_id = models.CharField(_("subscription at the provider"), max_length=80, blank=True)
    covers_from = models.DateTimeField(_("pays from"), null=True, blank=True)
    covers_until = models.DateTimeField(_("pays until"), null=True, blank=True)
    happened_at = models.DateTimeField(pgettext_lazy("an order", "paid"), default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            provider_is_known("payment"),
            models.UniqueConstraint(
                fields=["provider", "transaction_id"], name="one_payment_per_transaction"
            ),
            models.CheckConstraint(
                name="payment_covers_some_time",
                condition=Q(covers_from__isnull=True, covers_until__isnull=True)
                | Q(covers_until__gt=F("covers_from"), covers_from__isnull=False),
            ),
            models.CheckConstraint(name="payment_is_of_something", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="payment_gives_back_what_was_paid_at_most",
                # What was paid is not always said; a comparison with nothing would let everything pass.
                condition=Q(
                    refunded_cents__lte=Coalesce(NullIf(F("paid_cents"), Value(0)), F("amount_cents"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.transaction_id

    @property
    def whole_cents(self) -> int:
        """Return all that was paid, with tax: what can go back."""
        return self.paid_cents or self.amount_cents


class ReviewQuerySet(models.QuerySet["Review"]):
    """Questions about what waits for a person."""

    def open(self) -> "ReviewQuerySet":
        """Return what nobody has looked at yet."""
        return self.filter(closed_at=None)


class Review(models.Model):
    """Something was told that credited nothing and that a person has to look at."""

    class Reason(models.TextChoices):
        """Why nothing was credited."""

        UNKNOWN_ORDER = "unknown_order", _("no such order")
        WRONG_PROVIDER = "wrong_provider", _("another provider")
        WRONG_MODE = "wrong_mode", _("test and live mixed up")
        WRONG_PRODUCT = "wrong_product", _("another product")
        WRONG_UNITS = "wrong_units", _("another number of units")
        WRONG_CURRENCY = "wrong_currency", _("another currency")
        WRONG_AMOUNT = "wrong_amount", _("another amount")
        PAID_TWICE = "paid_twice", _("paid a second time")
        TAKEN_BACK = "taken_back", _("refunded or disputed at the provider")
        COINS_UNCLEAR = "coins_unclear", _("coins that came to no clear end")
        COINS_TO_SPARE = "coins_to_spare", _("coins beside a paid order")
        COINS_UNDECIDED = "coins_undecided", _("too few coins, and no decision")
        REFUND_ASKED = "refund_asked", _("coins asked back by the buyer")
        NOT_KNOWN_HERE = "not_known_here", _("at the provider, but not here")
        NOT_KNOWN_THERE = "not_known_there", _("here, but not at the provider")
        AMOUNT_DIFFERS = "amount_differs", _("another amount at the provider")
        REFUND_FAILED = "refund_failed", _("a refund that failed")
        NOT_DELIVERED = "not_delivered", _("paid and not delivered")
        UNREADABLE = "unreadable", _("cannot be understood")

    reason = models.CharField(_("reason"), max_length=24, choices=Reason.choices)
    # Names what was told, so that telling it again opens no second review.
    subject = models.CharField(_("about"), max_length=160)
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="reviews", verbose_name=_("order")
    )
    event = models.ForeignKey(
        InboxEvent, models.PROTECT, null=True, blank=True, related_name="reviews", verbose_name=_("event")
    )
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("closed by"),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects: ClassVar[models.Manager["Review"]] = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        permissions = [("resolve_review", _("Can accept or credit what a review is about"))]
        indexes = [
            models.Index(fields=["-id"], name="reviews_that_wait", condition=Q(closed_at__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["reason", "subject"], name="one_review_per_reason_and_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.subject}"
