"""Credit set aside for calls that are running."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from ledger.models.accounts import Account
from ledger.models.entries import Entry
from ledger.models.pricing import LanguageModel, Rate


class Hold(models.Model):
    """The most that one open call can cost. It ends once: settled, released or expired, and the row is gone.

    Written only by the functions in `migrations/sql`. It remembers the windows in which it was reserved,
    because it counts there, whenever it is settled.
    """

    # The request id, chosen by the caller, so that reserving again after a broken connection finds it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No foreign keys in the database: the reserve function has just found all these rows, nobody deletes
    # them, and every call of the shop would take a share lock on each. The proof of the books looks instead.
    account = models.ForeignKey(
        Account,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="holds",
        verbose_name=_("account"),
    )
    api_key = models.ForeignKey(
        ApiKey,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("API key"),
    )
    model = models.ForeignKey(
        LanguageModel,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("model"),
    )
    rate = models.ForeignKey(
        Rate, models.PROTECT, db_constraint=False, db_index=False, related_name="+", verbose_name=_("rate")
    )
    is_free = models.BooleanField(_("free"))
    main_nano_usd = models.BigIntegerField(_("from the main pool"))
    backup_nano_usd = models.BigIntegerField(_("from the backup pool"))
    wallet_nano_usd = models.BigIntegerField(_("from the wallet"))
    input_bound_tokens = models.BigIntegerField(_("input bound"))
    output_bound_tokens = models.BigIntegerField(_("output bound"))
    period = models.ForeignKey(
        Entry,
        models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("period"),
    )
    day = models.DateField()
    week = models.DateField()
    month = models.DateField()
    created_at = models.DateTimeField(_("reserved"))
    deadline_at = models.DateTimeField(_("deadline"))

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [models.Index(fields=["deadline_at"], name="holds_by_deadline")]
        constraints = [
            models.CheckConstraint(
                name="hold_sets_nothing_negative_aside",
                condition=Q(main_nano_usd__gte=0, backup_nano_usd__gte=0, wallet_nano_usd__gte=0),
            ),
            models.CheckConstraint(
                name="hold_bounds_never_below_zero",
                condition=Q(input_bound_tokens__gte=0, output_bound_tokens__gte=0),
            ),
            models.CheckConstraint(
                name="free_hold_sets_nothing_aside",
                condition=Q(is_free=False) | Q(main_nano_usd=0, backup_nano_usd=0, wallet_nano_usd=0),
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"
