"""Plans: what the shop sells by the month."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
    # The products at Creem that a pass, and a plan that renews by itself, are sold as; empty where cards
    # cannot pay for one.
    pass_product_id = models.CharField(_("product of a pass at Creem"), max_length=80, blank=True)
    recurring_product_id = models.CharField(_("recurring product at Creem"), max_length=80, blank=True)
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
