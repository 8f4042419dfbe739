"""Plans: what the shop sells by the month, who has one, and each of its periods."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from billing.models.orders import Order


class PlanQuerySet(models.QuerySet["Plan"]):
    """Questions about plans."""

    def offered(self) -> "PlanQuerySet":
        """Return the plans that the shop offers, in its order."""
        return self.filter(is_offered=True).order_by("position", "pk")


class Plan(models.Model):
    """What a subscriber gets for a period, and what it costs; both languages of its words.

    A period copies what it gave: changing a plan changes what its next periods give, and none that runs.
    """

    slug = models.SlugField(_("slug"), max_length=40, unique=True)
    name = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    price_cents = models.PositiveIntegerField(_("price of a period, in US cents"))
    # Credit without the bonus. The main pool holds both.
    base_nano_usd = models.BigIntegerField(_("base credit"))
    bonus_percent = models.PositiveSmallIntegerField(_("bonus in percent"), default=20)
    backup_multiple = models.PositiveSmallIntegerField(_("backup pool, in times the base"), default=3)
    # How much of the main pool may go in a day and in a week, so that it lasts. Empty is no cap.
    daily_cap_nano_usd = models.BigIntegerField(_("daily cap"), null=True, blank=True)
    weekly_cap_nano_usd = models.BigIntegerField(_("weekly cap"), null=True, blank=True)
    requests_per_day = models.PositiveIntegerField(_("requests a day"), null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(_("requests a minute"), null=True, blank=True)
    all_models = models.BooleanField(_("every model"), default=True)
    budget_multiple = models.PositiveSmallIntegerField(
        _("monthly cost budget, in times the price"), default=10
    )
    # The product at Creem that a pass is sold as; empty where cards cannot pay for one.
    pass_product_id = models.CharField(_("product of a pass at Creem"), max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(_("place on the page"), default=0)
    is_offered = models.BooleanField(_("offered"), default=True)

    objects: ClassVar[models.Manager["Plan"]] = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["position", "pk"]
        constraints = [
            # Creem refuses anything cheaper than 1.00.
            models.CheckConstraint(
                name="plan_price_is_one_that_providers_take", condition=Q(price_cents__gte=100)
            ),
            models.CheckConstraint(name="plan_gives_credit", condition=Q(base_nano_usd__gt=0)),
            models.CheckConstraint(
                name="plan_caps_let_something_through",
                condition=Q(
                    Q(daily_cap_nano_usd__isnull=True) | Q(daily_cap_nano_usd__gt=0),
                    Q(weekly_cap_nano_usd__isnull=True) | Q(weekly_cap_nano_usd__gt=0),
                    Q(requests_per_day__isnull=True) | Q(requests_per_day__gt=0),
                    Q(requests_per_minute__isnull=True) | Q(requests_per_minute__gt=0),
                ),
            ),
            models.CheckConstraint(name="plan_budget_is_something", condition=Q(budget_multiple__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def bonus_nano_usd(self) -> int:
        """Return the bonus of a period, rounded down."""
        return self.base_nano_usd * self.bonus_percent // 100

    @property
    def main_nano_usd(self) -> int:
        """Return what the main pool holds when it is full."""
        return self.base_nano_usd + self.bonus_nano_usd

    @property
    def backup_nano_usd(self) -> int:
        """Return what the backup pool holds when it is full."""
        return self.base_nano_usd * self.backup_multiple


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Questions about who has a plan."""

    def live(self) -> "SubscriptionQuerySet":
        """Return those that have not ended."""
        return self.filter(ended_at=None)

    def running(self) -> "SubscriptionQuerySet":
        """Return those whose time is not over; one that nobody has ended yet may be live and run no more."""
        return self.live().filter(ends_at__gt=Now())

    def to_end(self) -> "SubscriptionQuerySet":
        """Return those whose time is over."""
        return self.live().filter(ends_at__lte=Now()).order_by("ends_at")

    def to_warn(self, ends_before: datetime) -> "SubscriptionQuerySet":
        """Return those that end soon and whose owners were not told yet."""
        soon = self.live().filter(ends_at__lte=ends_before).order_by("ends_at")
        return soon.exclude(order__mails__kind="plan_ends")


class Subscription(models.Model):
    """A plan that somebody has, from the payment that began it to its end; a customer has one at a time."""

    class End(models.TextChoices):
        """Why it ended."""

        RAN_OUT = "ran_out", _("its time was over")
        SWITCHED = "switched", _("another plan took its place")
        REFUNDED = "refunded", _("its money went back")

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="subscriptions", verbose_name=_("customer")
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions", verbose_name=_("plan"))
    # The order that began it.
    order = models.OneToOneField(Order, models.PROTECT, related_name="subscription", verbose_name=_("order"))
    began_at = models.DateTimeField(_("began"), default=timezone.now, editable=False)
    # When what is paid for is over.
    ends_at = models.DateTimeField(_("ends"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end = models.CharField(_("ended because"), max_length=8, choices=End.choices, blank=True)

    objects: ClassVar[models.Manager["Subscription"]] = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        indexes = [
            models.Index(fields=["ends_at"], name="subscriptions_to_end", condition=Q(ended_at__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], name="one_live_plan_per_customer", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="subscription_ends_for_a_reason",
                condition=Q(ended_at__isnull=True, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
            ),
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk}"


class SubscriptionPeriod(models.Model):
    """One paid stretch of a subscription, with what it gave and cost. Its entry is in the books."""

    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="periods", verbose_name=_("subscription")
    )
    # The payment that bought it; one payment buys one.
    order = models.OneToOneField(Order, models.PROTECT, related_name="period", verbose_name=_("order"))
    number = models.PositiveIntegerField(_("number"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    price_cents = models.PositiveIntegerField(_("price, in US cents"))
    main_nano_usd = models.BigIntegerField(_("main pool"))
    bonus_nano_usd = models.BigIntegerField(_("bonus in it"))
    backup_nano_usd = models.BigIntegerField(_("backup pool"))

    class Meta:
        verbose_name = _("period of a subscription")
        verbose_name_plural = _("periods of a subscription")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "number"], name="periods_are_numbered"),
            models.CheckConstraint(
                name="period_of_a_subscription_lasts", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="period_gives_what_it_is_sold_for",
                condition=Q(main_nano_usd__gt=0, backup_nano_usd__gte=0)
                & Q(bonus_nano_usd__gte=0, bonus_nano_usd__lte=F("main_nano_usd")),
            ),
        ]

    def __str__(self) -> str:
        return f"period {self.number} of subscription {self.subscription_id}"

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
