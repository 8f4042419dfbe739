"""What calls cost: the journal, one row a call, and its totals by day."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from ledger.models.accounts import Account
from ledger.models.entries import Entry
from ledger.models.pricing import LanguageModel, Rate
from ledger.money import NanoUSD


class UsageRecord(models.Model):
    """One call in the usage journal: posting (pools to revenue) and statement line in one row.

    The table is partitioned by month and made by a migration; Django only reads it. Rows are inserted by the
    settle and expire functions and never change, save that a settlement which came too late marks `late_at`.
    """

    class Outcome(models.TextChoices):
        """How the call ended."""

        COMPLETE = "complete", _("complete")
        CLIENT_GONE = "client_gone", _("client left")
        UPSTREAM_FAILED = "upstream_failed", _("interrupted")
        EXPIRED = "expired", _("expired")

    request_id = models.UUIDField(_("request"), primary_key=True)
    at = models.DateTimeField(_("settled"))
    reserved_at = models.DateTimeField(_("reserved"))
    # The day (of the site) on which the call was reserved: there it counts, whenever it was settled.
    day = models.DateField(_("day"))
    # The period of a plan in which it was reserved, if there was one: there its plan pools count.
    period = models.ForeignKey(
        Entry, models.DO_NOTHING, null=True, db_constraint=False, related_name="+", verbose_name=_("period")
    )
    account = models.ForeignKey(
        Account, models.DO_NOTHING, db_constraint=False, related_name="usage", verbose_name=_("account")
    )
    api_key = models.ForeignKey(
        ApiKey, models.DO_NOTHING, db_constraint=False, related_name="+", verbose_name=_("API key")
    )
    model = models.ForeignKey(
        LanguageModel, models.DO_NOTHING, db_constraint=False, related_name="+", verbose_name=_("model")
    )
    rate = models.ForeignKey(
        Rate, models.DO_NOTHING, db_constraint=False, related_name="+", verbose_name=_("rate")
    )
    is_free = models.BooleanField(_("free"))
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    # Read afresh by the model; what came from its cache, or went there, is counted apart, not again.
    input_tokens = models.BigIntegerField(_("input"))
    cached_input_tokens = models.BigIntegerField(_("cached input"))
    cache_write_tokens = models.BigIntegerField(_("cache write"))
    output_tokens = models.BigIntegerField(_("output"))
    # The part of the output that nobody saw: it costs what output costs.
    reasoning_tokens = models.BigIntegerField(_("reasoning"))
    main_nano_usd = models.BigIntegerField(_("from the main pool"))
    backup_nano_usd = models.BigIntegerField(_("from the backup pool"))
    wallet_nano_usd = models.BigIntegerField(_("from the wallet"))
    # What the report cost beyond the hold: the operator's loss, never the customer's debt.
    uncharged_nano_usd = models.BigIntegerField(_("not charged"))
    is_estimated = models.BooleanField(_("estimated"))
    # The upstream's own id of the answer: explains a line to the upstream's support.
    upstream_id = models.CharField(_("upstream's id"), max_length=80)
    late_at = models.DateTimeField(_("settled too late"), null=True)

    class Meta:
        managed = False
        db_table = "ledger_usage"
        verbose_name = _("usage record")
        verbose_name_plural = _("usage journal")

    def __str__(self) -> str:
        return f"call {self.pk}"

    @property
    def cost_nano_usd(self) -> NanoUSD:
        """Return what the customer paid for the call."""
        return NanoUSD(self.main_nano_usd + self.backup_nano_usd + self.wallet_nano_usd)


class DayTotal(models.Model):
    """What one account used of one model on one day (of the site): the journal's sum, kept by settlements."""

    account = models.ForeignKey(
        Account,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="day_totals",
        verbose_name=_("account"),
    )
    day = models.DateField(_("day"))
    model = models.ForeignKey(
        LanguageModel,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("model"),
    )
    requests = models.BigIntegerField(_("requests"))
    input_tokens = models.BigIntegerField(_("input"))
    cached_input_tokens = models.BigIntegerField(_("cached input"))
    cache_write_tokens = models.BigIntegerField(_("cache write"))
    output_tokens = models.BigIntegerField(_("output"))
    reasoning_tokens = models.BigIntegerField(_("reasoning"))
    cost_nano_usd = models.BigIntegerField(_("cost"))

    class Meta:
        verbose_name = _("day total")
        verbose_name_plural = _("day totals")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "day", "model"], name="one_total_per_account_day_and_model"
            ),
            models.CheckConstraint(
                name="day_totals_never_below_zero",
                condition=Q(
                    requests__gte=0,
                    input_tokens__gte=0,
                    cached_input_tokens__gte=0,
                    cache_write_tokens__gte=0,
                    output_tokens__gte=0,
                    reasoning_tokens__gte=0,
                    cost_nano_usd__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"day total {self.pk}"
