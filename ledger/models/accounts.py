"""Accounts with their pools, and what an account may do."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from ledger.money import NanoUSD

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# More requests a minute than any limit means.
FASTEST_RATE = 1_000_000


def _pool_column(verbose_name: "StrPromise") -> "models.BigIntegerField[int, int]":
    return models.BigIntegerField(verbose_name, default=0, editable=False)


def _pool_rules(pool: str) -> list[models.CheckConstraint]:
    balance, held = f"{pool}_balance_nano_usd", f"{pool}_held_nano_usd"
    return [
        models.CheckConstraint(name=f"{pool}_pool_never_below_zero", condition=Q(**{f"{balance}__gte": 0})),
        models.CheckConstraint(
            name=f"{pool}_pool_holds_only_what_it_has",
            condition=Q(**{f"{held}__gte": 0, f"{held}__lte": F(balance)}),
        ),
    ]


class AccountQuerySet(models.QuerySet["Account"]):
    """Questions about accounts."""

    def to_empty(self) -> "AccountQuerySet":
        """Return the merged accounts whose last open holds may still release something."""
        return self.filter(merged_into__isnull=False, emptied_at=None).order_by("pk")

    def in_debt(self) -> "AccountQuerySet":
        """Return the accounts that owe something."""
        return self.filter(debt_nano_usd__gt=0).order_by("pk")


class Account(models.Model):
    """What one customer may spend: three pools, and the counters that pace the spending.

    Everything that a request must lock stands in this one row. Only `ledger_post`, `ledger_reserve` and their
    sisters in `migrations/sql` write it. A pool's free credit is its balance less what is held.
    """

    customer = models.OneToOneField(
        Customer, models.PROTECT, related_name="account", verbose_name=_("customer")
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    # A frozen account keeps its credit and spends nothing.
    frozen_at = models.DateTimeField(_("frozen"), null=True, blank=True)
    # Where its credit and its keys went, for ever. What its open holds release later follows them.
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="merged_from",
        verbose_name=_("merged into"),
    )
    # When a merged account had nothing left to follow. No call is reserved on it, so that is the end of it.
    emptied_at = models.DateTimeField(_("emptied"), null=True, editable=False)

    main_balance_nano_usd = _pool_column(_("main pool"))
    main_held_nano_usd = _pool_column(_("held in the main pool"))
    backup_balance_nano_usd = _pool_column(_("backup pool"))
    backup_held_nano_usd = _pool_column(_("held in the backup pool"))
    wallet_balance_nano_usd = _pool_column(_("wallet"))
    wallet_held_nano_usd = _pool_column(_("held in the wallet"))
    # What it owes for credit that was taken back after it was spent: the sum of its open debts. An account
    # that owes anything spends nothing, as if it were frozen.
    debt_nano_usd = models.BigIntegerField(_("owed"), default=0, editable=False)
    open_holds = models.IntegerField(_("open calls"), default=0, editable=False)

    # The running period of a plan, named by the entry that filled its pools; empty without a plan. Not a
    # foreign key in the database, because the row is rewritten by every call; the proof of the books looks.
    period = models.ForeignKey(
        "ledger.Entry",
        models.PROTECT,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("period"),
    )
    # The running windows. A window whose start is not today's (this week's) counts as empty, so nothing has
    # to reset it; another period begins with empty ones. What is counted: the main pool's spending in the day
    # and in the week, that of both plan pools in the period, and all requests of the day.
    day = models.DateField(null=True, editable=False)
    day_spent_nano_usd = models.BigIntegerField(default=0, editable=False)
    day_requests = models.IntegerField(default=0, editable=False)
    week = models.DateField(null=True, editable=False)
    week_spent_nano_usd = models.BigIntegerField(default=0, editable=False)
    budget_spent_nano_usd = models.BigIntegerField(default=0, editable=False)
    # GCRA: when all of a minute's requests are free again.
    rate_arrival_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Account"]] = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        permissions = [
            ("grant_credit", _("Can grant credit to an account")),
            ("freeze_account", _("Can freeze and unfreeze an account")),
            ("forgive_debt", _("Can forgive what an account owes")),
        ]
        indexes = [
            models.Index(fields=["-id"], name="frozen_accounts", condition=Q(frozen_at__isnull=False)),
            models.Index(fields=["id"], name="accounts_in_debt", condition=Q(debt_nano_usd__gt=0)),
            # None names what calls change: those rewrite the row in place.
            models.Index(
                fields=["merged_into"], name="merged_accounts", condition=Q(merged_into__isnull=False)
            ),
            models.Index(
                fields=["id"],
                name="merged_accounts_to_empty",
                condition=Q(merged_into__isnull=False, emptied_at__isnull=True),
            ),
        ]
        constraints = [
            *_pool_rules("main"),
            *_pool_rules("backup"),
            *_pool_rules("wallet"),
            models.CheckConstraint(name="debt_never_below_zero", condition=Q(debt_nano_usd__gte=0)),
            models.CheckConstraint(name="open_holds_never_below_zero", condition=Q(open_holds__gte=0)),
            models.CheckConstraint(
                name="windows_never_below_zero",
                condition=Q(
                    day_spent_nano_usd__gte=0,
                    day_requests__gte=0,
                    week_spent_nano_usd__gte=0,
                    budget_spent_nano_usd__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="account_is_merged_into_another",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk")),
            ),
            models.CheckConstraint(
                name="only_merged_accounts_are_emptied",
                condition=Q(emptied_at__isnull=True) | Q(merged_into__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"account {self.pk}"

    @property
    def is_frozen(self) -> bool:
        """Tell whether it spends nothing: somebody froze it, or it owes something."""
        return self.frozen_at is not None or self.debt_nano_usd > 0

    @property
    def balance_nano_usd(self) -> NanoUSD:
        """Return all credit of the account, held or free."""
        return NanoUSD(
            self.main_balance_nano_usd + self.backup_balance_nano_usd + self.wallet_balance_nano_usd
        )

    @property
    def held_nano_usd(self) -> NanoUSD:
        """Return the credit set aside for calls that are open now."""
        return NanoUSD(self.main_held_nano_usd + self.backup_held_nano_usd + self.wallet_held_nano_usd)


class AccountAllowance(models.Model):
    """What an account may do besides having credit. An empty limit means no limit.

    The ledger opens every account with the free allowance of the settings; a plan overwrites it for as long
    as its periods follow each other, see `periods`.
    """

    account = models.OneToOneField(
        Account, models.PROTECT, primary_key=True, related_name="allowance", verbose_name=_("account")
    )
    open_calls = models.PositiveIntegerField(_("calls open at once"), null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(_("requests a minute"), null=True, blank=True)
    requests_per_day = models.PositiveIntegerField(_("requests a day"), null=True, blank=True)
    # Whether the plan's pools pay for every model, or the account has the free ones only. A wallet above the
    # threshold of the settings opens every model, and pays for those outside of the plan alone.
    all_models = models.BooleanField(_("every model"), default=False)
    # Pay2Go: whether the wallet pays what a plan does not. Its owner's choice, which no plan overwrites;
    # without a plan the wallet pays in any case.
    wallet_while_planned = models.BooleanField(_("Pay2Go"), default=True)

    # The running period of a plan; all empty without one. From its end on the plan's pools pay nothing, also
    # when nobody has turned or ended it yet.
    period_number = models.PositiveIntegerField(_("period"), null=True, editable=False)
    period_starts_at = models.DateTimeField(_("starts"), null=True, editable=False)
    period_ends_at = models.DateTimeField(_("ends"), null=True, editable=False)
    # When the next period is to fill the pools and the budget, where that is before the end.
    period_refills_at = models.DateTimeField(_("full again"), null=True, editable=False)
    # How much of the main pool may go in a day and in a week (of the site), so that it lasts.
    daily_cap_nano_usd = models.BigIntegerField(_("daily cap"), null=True, editable=False)
    weekly_cap_nano_usd = models.BigIntegerField(_("weekly cap"), null=True, editable=False)
    # What the requests of one period may cost that the plan's pools pay.
    budget_nano_usd = models.BigIntegerField(_("monthly budget"), null=True, editable=False)

    class Meta:
        verbose_name = _("account allowance")
        verbose_name_plural = _("account allowances")
        constraints = [
            models.CheckConstraint(
                name="account_limits_never_below_zero",
                condition=Q(
                    Q(daily_cap_nano_usd__isnull=True) | Q(daily_cap_nano_usd__gte=0),
                    Q(weekly_cap_nano_usd__isnull=True) | Q(weekly_cap_nano_usd__gte=0),
                    Q(budget_nano_usd__isnull=True) | Q(budget_nano_usd__gte=0),
                ),
            ),
            # The books count time in microseconds.
            models.CheckConstraint(
                name="account_rate_is_a_pace",
                condition=Q(requests_per_minute__isnull=True)
                | Q(requests_per_minute__range=(1, FASTEST_RATE)),
            ),
            models.CheckConstraint(
                name="period_facts_come_together",
                condition=Q(
                    period_number__isnull=True, period_starts_at__isnull=True, period_ends_at__isnull=True
                )
                | Q(period_number__isnull=False, period_ends_at__gt=F("period_starts_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"allowance of account {self.account_id}"
