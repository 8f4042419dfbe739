"""Entries, the postings they are made of, and the lots that remember what was paid. All are written once."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models.accounts import Account

POOLS = ("main", "backup", "wallet")
SYSTEM_PLACES = ("promotion", "plans", "codes", "revenue", "refunds", "expired", "debts")
LONGEST_REFERENCE = 120


def _place_is_known(end: str) -> Q:
    """A place is a pool of an account, or one of the shop's own places, which belong to no account."""
    is_pool = Q(**{f"{end}__in": POOLS, f"{end}_account__isnull": False})
    is_system = Q(**{f"{end}__in": SYSTEM_PLACES}) | Q(**{f"{end}__startswith": "cash:"})
    return is_pool | (is_system & Q(**{f"{end}_account__isnull": True}))


class Entry(models.Model):
    """One business event that moved money, named for ever by its reference."""

    class Kind(models.TextChoices):
        """What happened."""

        GRANT = "grant", _("credit granted")
        ORDER_DELIVERED = "order_delivered", _("credit bought")
        COINS_CREDITED = "coins_credited", _("coins credited")
        ACCOUNTS_MERGED = "accounts_merged", _("credit brought along")
        CODES_ISSUED = "codes_issued", _("codes issued")
        CODE_REDEEMED = "code_redeemed", _("code redeemed")
        CODES_VOIDED = "codes_voided", _("codes voided")
        CODES_EXPIRED = "codes_expired", _("codes expired")
        CREDIT_TAKEN_BACK = "credit_taken_back", _("credit taken back")
        CREDIT_GIVEN_BACK = "credit_given_back", _("credit given back")
        DEBT_PAID = "debt_paid", _("debt paid")
        DEBT_FORGIVEN = "debt_forgiven", _("debt forgiven")
        PERIOD_BEGUN = "period_begun", _("period of a plan begun")
        PERIOD_ENDED = "period_ended", _("plan ended")
        PLAN_SWITCHED = "plan_switched", _("unused part of a plan")
        REMAINDER_EXPIRED = "remainder_expired", _("rest of an ended period")
        CORRECTION = "correction", _("correction")

    reference = models.CharField(_("reference"), max_length=LONGEST_REFERENCE, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")

    def __str__(self) -> str:
        return self.reference


class Posting(models.Model):
    """One movement of value between two places: written once, never edited, never deleted.

    A place is a pool of an account (`wallet` with an account) or one of the shop's own (`codes` without one).
    The shop's places keep no balance row, so that no row is hot: what they hold is the sum of their postings.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings", verbose_name=_("entry"))
    source = models.CharField(_("from"), max_length=40)
    source_account = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="postings_out", verbose_name=_("from account")
    )
    destination = models.CharField(_("to"), max_length=40)
    destination_account = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="postings_in", verbose_name=_("to account")
    )
    amount_nano_usd = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.CheckConstraint(name="posting_moves_something", condition=Q(amount_nano_usd__gt=0)),
            models.CheckConstraint(name="posting_source_is_known", condition=_place_is_known("source")),
            models.CheckConstraint(
                name="posting_destination_is_known", condition=_place_is_known("destination")
            ),
            models.CheckConstraint(
                name="posting_has_two_ends",
                condition=~Q(source=F("destination"))
                | (Q(source_account__isnull=False) & ~Q(source_account=F("destination_account"))),
            ),
        ]

    def __str__(self) -> str:
        return f"posting {self.pk}"


class Lot(models.Model):
    """Credit that came into a wallet at one time, and what was paid for it. Written once.

    What is left of a lot is derived, first in first out, when a refund asks; spending never touches lots.
    `lots` says how.
    """

    account = models.ForeignKey(
        Account, models.PROTECT, db_index=False, related_name="lots", verbose_name=_("account")
    )
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lots", verbose_name=_("entry"))
    amount_nano_usd = models.BigIntegerField(_("credit"))
    # What the buyer paid for this credit, in their own currency; all empty when nothing was paid.
    paid_amount = models.DecimalField(_("paid"), max_digits=24, decimal_places=8, null=True)
    paid_currency = models.CharField(_("currency"), max_length=12, blank=True)
    paid_units_per_usd = models.DecimalField(_("exchange rate"), max_digits=24, decimal_places=8, null=True)
    # When the value was first acquired: a code's lot keeps the day on which the code was issued.
    acquired_at = models.DateTimeField(_("acquired"), default=timezone.now)
    # The lot of a merged account that this one is a part of. That lot is smaller by as much.
    moved_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="parts",
        verbose_name=_("moved from"),
    )

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        indexes = [
            models.Index(fields=["account", "acquired_at"], name="lots_of_an_account_by_age"),
            models.Index(fields=["moved_from"], name="parts_of_a_lot", condition=Q(moved_from__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(name="lot_holds_something", condition=Q(amount_nano_usd__gt=0)),
            models.CheckConstraint(
                name="lot_price_facts_come_together",
                condition=Q(paid_amount__isnull=True, paid_currency="", paid_units_per_usd__isnull=True)
                | (Q(paid_amount__gte=0, paid_units_per_usd__gt=0) & ~Q(paid_currency="")),
            ),
        ]

    def __str__(self) -> str:
        return f"lot {self.pk}"
