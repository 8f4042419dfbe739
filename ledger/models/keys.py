"""API keys in the books: whose account each spends, how much it may spend, and how much it has."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from ledger.models.accounts import FASTEST_RATE, Account


class NetworkField(models.CharField):  # type: ignore[type-arg]  # takes no parameters while it runs
    """A network such as `203.0.113.0/24`, kept as PostgreSQL's own `cidr`, so that SQL can look into it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_length": 43, **options})

    def db_type(self, connection: Any) -> str:
        """Return the type of the column."""
        return "cidr"


class KeyAllowance(models.Model):
    """One API key in the books: whose account it spends, and within which limits. An empty limit is none.

    A limit of money counts what the key has spent and what its open calls have set aside. Free models need
    no money, so only the rate, the networks and the models hold for them.
    """

    api_key = models.OneToOneField(
        ApiKey, models.PROTECT, primary_key=True, related_name="allowance", verbose_name=_("API key")
    )
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="key_allowances", verbose_name=_("account")
    )
    requests = models.BigIntegerField(_("requests"), default=0, editable=False)
    spent_nano_usd = models.BigIntegerField(_("spent"), default=0, editable=False)
    held_nano_usd = models.BigIntegerField(_("held"), default=0, editable=False)

    # The running windows, as those of the account: one that is not today's, or this month's, counts as empty.
    # A call counts in the window in which it was reserved.
    day = models.DateField(null=True, editable=False)
    day_spent_nano_usd = models.BigIntegerField(default=0, editable=False)
    month = models.DateField(null=True, editable=False)
    month_spent_nano_usd = models.BigIntegerField(default=0, editable=False)
    # GCRA: the moment at which the key may make a whole minute's requests at once again.
    rate_arrival_at = models.DateTimeField(null=True, editable=False)

    total_limit_nano_usd = models.BigIntegerField(_("total limit"), null=True, blank=True)
    monthly_limit_nano_usd = models.BigIntegerField(_("monthly limit"), null=True, blank=True)
    daily_limit_nano_usd = models.BigIntegerField(_("daily limit"), null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(_("requests a minute"), null=True, blank=True)
    allowed_models = ArrayField(
        models.BigIntegerField(), verbose_name=_("allowed models"), null=True, blank=True
    )
    allowed_networks = ArrayField(NetworkField(), verbose_name=_("allowed networks"), null=True, blank=True)
    # When so much of a limit is spent, the owner is told.
    alert_percent = models.PositiveSmallIntegerField(_("alert at percent"), null=True, blank=True)

    class Meta:
        verbose_name = _("key allowance")
        verbose_name_plural = _("key allowances")
        # Names nothing that calls change: those rewrite the row in place.
        indexes = [
            models.Index(
                fields=["api_key"], name="keys_with_an_alert", condition=Q(alert_percent__isnull=False)
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="key_counters_never_below_zero",
                condition=Q(
                    requests__gte=0,
                    spent_nano_usd__gte=0,
                    held_nano_usd__gte=0,
                    day_spent_nano_usd__gte=0,
                    month_spent_nano_usd__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="key_limits_never_below_zero",
                condition=Q(
                    Q(total_limit_nano_usd__isnull=True) | Q(total_limit_nano_usd__gte=0),
                    Q(monthly_limit_nano_usd__isnull=True) | Q(monthly_limit_nano_usd__gte=0),
                    Q(daily_limit_nano_usd__isnull=True) | Q(daily_limit_nano_usd__gte=0),
                ),
            ),
            # The books count time in microseconds.
            models.CheckConstraint(
                name="key_rate_is_a_pace",
                condition=Q(requests_per_minute__isnull=True)
                | Q(requests_per_minute__range=(1, FASTEST_RATE)),
            ),
            # A key that may do nothing is disabled, not limited.
            models.CheckConstraint(
                name="key_is_allowed_something",
                condition=Q(
                    Q(allowed_models__isnull=True) | Q(allowed_models__len__gt=0),
                    Q(allowed_networks__isnull=True) | Q(allowed_networks__len__gt=0),
                ),
            ),
            models.CheckConstraint(
                name="key_alert_is_a_share",
                condition=Q(alert_percent__isnull=True) | Q(alert_percent__range=(1, 100)),
            ),
        ]

    def __str__(self) -> str:
        return f"allowance of key {self.api_key_id}"
