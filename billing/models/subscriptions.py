"""Subscriptions: who has which plan, how it renews, each of its periods, and switches between plans."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from billing.models.orders import Order
from billing.models.plans import Plan
from redemption.models import Code


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Questions about who has a plan."""

    def live(self) -> "SubscriptionQuerySet":
        """Return those that have not ended."""
        return self.filter(ended_at=None)

    def to_end(self) -> "SubscriptionQuerySet":
        """Return those that nothing can continue any more."""
        return self.live().filter(closes_at__lte=Now()).order_by("closes_at")

    def to_warn(self, ends_before: datetime) -> "SubscriptionQuerySet":
        """Return those that end soon and whose owners were not told yet."""
        soon = self.live().filter(renewal="", closes_at__lte=ends_before).order_by("closes_at")
        return soon.exclude(order=None).exclude(warned_for=F("closes_at"))

    def to_invoice(self, ends_before: datetime) -> "SubscriptionQuerySet":
        """Return those that are renewed by an invoice, end soon, and have none for what follows."""
        soon = self.live().filter(renewal="invoice", ends_at__lte=ends_before).order_by("ends_at")
        return soon.exclude(invoiced_for=F("ends_at"))

    def to_ask_about(self) -> "SubscriptionQuerySet":
        """Return those that the provider is to be asked about now."""
        return self.filter(ask_at__lte=Now()).order_by("ask_at")

    def to_carry_out(self) -> "SubscriptionQuerySet":
        """Return those whose wish the provider is to be told now."""
        return self.filter(wish_at__lte=Now()).order_by("wish_at")


class Subscription(models.Model):
    """A plan that somebody has, from the payment or code that began it to its end; a customer has one.

    What is paid for is over at `ends_at`. Nothing continues it from `closes_at` on; that is empty while the
    provider may still charge the next period. One whose provider has failed to charge it stays, without any
    use once its grace is over, until the provider gives up or another plan takes its place.
    """

    class Renewal(models.TextChoices):
        """What pays the next period: nothing, the card that Creem charges, or an invoice of ours."""

        NONE = "", _("does not renew")
        CARD = "card", _("by card")
        INVOICE = "invoice", _("by invoice")

    class State(models.TextChoices):
        """What the provider says of one that renews by card; any other is ACTIVE.

        CANCELLED and SCHEDULED_CANCEL go on until what is paid is over; the second can still be resumed.
        """

        ACTIVE = "active", _("active")
        TRIALING = "trialing", _("in its trial")
        SCHEDULED_CANCEL = "scheduled_cancel", _("cancelled at the end of the period")
        PAST_DUE = "past_due", _("payment failed, tried again")
        UNPAID = "unpaid", _("payment failed")
        PAUSED = "paused", _("paused")
        EXPIRED = "expired", _("not renewed so far")
        CANCELLED = "cancelled", _("cancelled")

    GRACEFUL = (State.ACTIVE, State.TRIALING, State.PAST_DUE)
    CLOSING = (State.SCHEDULED_CANCEL, State.CANCELLED)

    class Wish(models.TextChoices):
        """What its provider is still to be told."""

        NOTHING = "", _("nothing")
        CANCEL = "cancel", _("cancel at the end of the period")
        CANCEL_NOW = "cancel_now", _("cancel at once")
        RESUME = "resume", _("go on")

    class End(models.TextChoices):
        """Why it ended."""

        RAN_OUT = "ran_out", _("its time was over")
        CANCELLED = "cancelled", _("it was cancelled")
        SWITCHED = "switched", _("another plan took its place")
        REFUNDED = "refunded", _("its money went back")
        NEEDLESS = "needless", _("the plan was there already")

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="subscriptions", verbose_name=_("customer")
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions", verbose_name=_("plan"))
    # The order that began it; empty if a code did.
    order = models.OneToOneField(
        Order, models.PROTECT, null=True, blank=True, related_name="subscription", verbose_name=_("order")
    )
    renewal = models.CharField(
        _("renews"), max_length=8, choices=Renewal.choices, default=Renewal.NONE, blank=True
    )
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.ACTIVE)
    provider_subscription_id = models.CharField(_("subscription at Creem"), max_length=80, blank=True)
    provider_customer_id = models.CharField(_("customer at Creem"), max_length=80, blank=True)
    # When what the provider last told was so: what is older changes the state no more.
    as_of = models.DateTimeField(_("as of"), null=True, blank=True, editable=False)

    began_at = models.DateTimeField(_("began"), default=timezone.now, editable=False)
    # What its months are counted from: the month of 31 January ends on 28 February, the next on 31 March.
    anchor_at = models.DateTimeField(_("months counted from"), default=timezone.now, editable=False)
    # When what is paid for is over.
    ends_at = models.DateTimeField(_("ends"))
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    # The end that its owner was told of before it came.
    warned_for = models.DateTimeField(null=True, editable=False)
    # The start of the period that the last invoice is for.
    invoiced_for = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end = models.CharField(_("ended because"), max_length=9, choices=End.choices, blank=True)

    # Recorded before the provider hears of it, and swept until it is done; also of one that has ended.
    wish = models.CharField(
        _("to be told"), max_length=10, choices=Wish.choices, default=Wish.NOTHING, blank=True
    )
    wish_at = models.DateTimeField(null=True, editable=False)
    wish_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    wish_error = models.CharField(_("last error"), max_length=200, blank=True, editable=False)
    # When the provider is to be asked, as nothing was told of what should have happened.
    ask_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Subscription"]] = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        indexes = [
            models.Index(
                fields=["closes_at"], name="subscriptions_to_end", condition=Q(ended_at__isnull=True)
            ),
            models.Index(
                fields=["ends_at"],
                name="subscriptions_to_invoice",
                condition=Q(ended_at__isnull=True, renewal="invoice"),
            ),
            models.Index(
                fields=["ask_at"], name="subscriptions_to_ask_about", condition=Q(ask_at__isnull=False)
            ),
            models.Index(
                fields=["wish_at"], name="subscriptions_with_a_wish", condition=Q(wish_at__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], name="one_live_plan_per_customer", condition=Q(ended_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["provider_subscription_id"],
                name="one_subscription_per_provider_subscription",
                condition=~Q(provider_subscription_id=""),
            ),
            models.CheckConstraint(
                name="subscription_ends_for_a_reason",
                condition=Q(ended_at__isnull=True, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
            ),
            models.CheckConstraint(
                name="subscription_by_card_names_the_providers",
                condition=~Q(renewal="card") | ~Q(provider_subscription_id=""),
            ),
            models.CheckConstraint(
                name="subscription_stays_open_for_a_card_alone",
                condition=Q(closes_at__isnull=False) | Q(renewal="card"),
            ),
            models.CheckConstraint(
                name="subscription_state_is_known",
                condition=Q(
                    state__in=[
                        "active",
                        "trialing",
                        "scheduled_cancel",
                        "past_due",
                        "unpaid",
                        "paused",
                        "expired",
                        "cancelled",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="wish_is_carried_out_at_some_time",
                condition=Q(wish="", wish_at__isnull=True)
                | (~Q(wish="") & Q(wish_at__isnull=False) & ~Q(provider_subscription_id="")),
            ),
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk}"

    @property
    def used_until(self) -> datetime:
        """Return until when its pools pay: what renews has days of grace after what is paid for is over."""
        has_grace = self.renewal != self.Renewal.NONE and self.state in self.GRACEFUL
        return self.ends_at + timedelta(days=settings.PLAN_GRACE_DAYS) if has_grace else self.ends_at

    @property
    def is_of_use(self) -> bool:
        """Tell whether its owner may use it now."""
        return self.ended_at is None and self.used_until > timezone.now()

    @property
    def is_open(self) -> bool:
        """Tell whether its provider may still charge the next period."""
        return self.renewal == self.Renewal.CARD and self.state not in self.CLOSING


class PeriodQuerySet(models.QuerySet["SubscriptionPeriod"]):
    """Questions about the periods of plans."""

    def waiting(self) -> "PeriodQuerySet":
        """Return those that have not begun, and still may, the first first."""
        waiting = self.filter(begun_at=None, withdrawn_at=None, subscription__ended_at=None)
        return waiting.order_by("starts_at", "number")

    def due(self) -> "PeriodQuerySet":
        """Return those whose time has come."""
        return self.waiting().filter(starts_at__lte=Now())


class SubscriptionPeriod(models.Model):
    """One paid stretch of a subscription, with what it gave and cost. Once it began it is in the books.

    One that was bought before its time waits for that. What nobody paid for is a trial, and all bonus.
    """

    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="periods", verbose_name=_("subscription")
    )
    # The payment, or the code, that bought it; each buys one. A trial has neither.
    order = models.OneToOneField(
        Order, models.PROTECT, null=True, blank=True, related_name="period", verbose_name=_("order")
    )
    code = models.OneToOneField(
        Code, models.PROTECT, null=True, blank=True, related_name="period", verbose_name=_("code")
    )
    number = models.PositiveIntegerField(_("number"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    # When its pools were filled; empty while it waits for its time.
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    # It never begins: its money went back, or its plan was left before, and its price was credited.
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    price_cents = models.PositiveIntegerField(_("price, in US cents"))
    main_nano_usd = models.BigIntegerField(_("main pool"))
    bonus_nano_usd = models.BigIntegerField(_("bonus in it"))
    backup_nano_usd = models.BigIntegerField(_("backup pool"))

    objects: ClassVar[models.Manager["SubscriptionPeriod"]] = PeriodQuerySet.as_manager()

    class Meta:
        verbose_name = _("period of a subscription")
        verbose_name_plural = _("periods of a subscription")
        ordering = ["-number"]
        indexes = [
            models.Index(
                fields=["starts_at"],
                name="periods_to_begin",
                condition=Q(begun_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "number"], name="periods_are_numbered"),
            models.CheckConstraint(
                name="period_of_a_subscription_lasts", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="period_that_began_is_not_withdrawn",
                condition=Q(begun_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="period_gives_what_it_is_sold_for",
                condition=Q(main_nano_usd__gt=0, backup_nano_usd__gte=0)
                & Q(bonus_nano_usd__gte=0, bonus_nano_usd__lte=F("main_nano_usd")),
            ),
            models.CheckConstraint(
                name="period_is_explained_by_an_order_a_code_or_a_trial",
                condition=Q(order__isnull=False, code__isnull=True)
                | Q(order__isnull=True, code__isnull=False)
                | Q(
                    order__isnull=True,
                    code__isnull=True,
                    price_cents=0,
                    bonus_nano_usd=F("main_nano_usd"),
                    backup_nano_usd=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"period {self.number} of subscription {self.subscription_id}"

    @property
    def is_over(self) -> bool:
        """Tell whether its time has passed."""
        return self.ends_at <= timezone.now()

    @property
    def reference(self) -> str:
        """Return the name of its entry in the books."""
        return f"period:{self.pk}"


class PlanSwitch(models.Model):
    """The end of one plan for another in mid-cycle: the terms that were quoted, and what was credited."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="plan_switch", verbose_name=_("order"))
    # The period that was left.
    period = models.ForeignKey(
        SubscriptionPeriod, models.PROTECT, related_name="switches", verbose_name=_("period")
    )
    quoted_nano_usd = models.BigIntegerField(_("quoted credit"))
    quoted_at = models.DateTimeField(_("quoted"))
    # Empty until the new plan is paid.
    credited_nano_usd = models.BigIntegerField(_("credited"), null=True, blank=True)
    switched_at = models.DateTimeField(_("switched"), null=True, blank=True)

    class Meta:
        verbose_name = _("switch of a plan")
        verbose_name_plural = _("switches of a plan")
        constraints = [
            models.CheckConstraint(
                name="switch_credits_what_was_quoted_at_most",
                condition=Q(quoted_nano_usd__gte=0)
                & (
                    Q(credited_nano_usd__isnull=True, switched_at__isnull=True)
                    | Q(
                        credited_nano_usd__gte=0,
                        credited_nano_usd__lte=F("quoted_nano_usd"),
                        switched_at__isnull=False,
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"switch by order {self.order_id}"
