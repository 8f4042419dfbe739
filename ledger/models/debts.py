"""Credit that was taken back: from which lots, what is owed for what was spent, and what paid that."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models.accounts import Account
from ledger.models.entries import Entry, Lot


class LotTaking(models.Model):
    """Credit of a lot that an entry took back, from the end of the lot: the lot is smaller by as much.

    Written once. What was spent of a lot is at its beginning, so the two never meet.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="takings", verbose_name=_("lot"))
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="takings", verbose_name=_("entry"))
    amount_nano_usd = models.BigIntegerField(_("credit"))

    class Meta:
        verbose_name = _("credit taken back")
        verbose_name_plural = _("credit taken back")
        constraints = [
            models.CheckConstraint(name="lot_taking_takes_something", condition=Q(amount_nano_usd__gt=0)),
            models.UniqueConstraint(fields=["entry", "lot"], name="one_taking_per_entry_and_lot"),
        ]

    def __str__(self) -> str:
        return f"taking {self.pk}"


class DebtQuerySet(models.QuerySet["Debt"]):
    """Questions about debts."""

    def open(self) -> "DebtQuerySet":
        """Return what is still owed, the oldest debt first."""
        return self.filter(open_nano_usd__gt=0).order_by("pk")


class Debt(models.Model):
    """Credit that was taken back after it was spent: the account owes it, and spends nothing till then."""

    account = models.ForeignKey(
        Account, models.PROTECT, db_index=False, related_name="debts", verbose_name=_("account")
    )
    # The entry that took the credit back.
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="debt", verbose_name=_("entry"))
    amount_nano_usd = models.BigIntegerField(_("owed at first"))
    open_nano_usd = models.BigIntegerField(_("still owed"))
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Debt"]] = DebtQuerySet.as_manager()

    class Meta:
        verbose_name = _("debt")
        verbose_name_plural = _("debts")
        indexes = [
            models.Index(fields=["account"], name="debts_of_an_account"),
            models.Index(fields=["account", "id"], name="open_debts", condition=Q(open_nano_usd__gt=0)),
        ]
        constraints = [
            models.CheckConstraint(name="debt_is_of_something", condition=Q(amount_nano_usd__gt=0)),
            models.CheckConstraint(
                name="debt_is_open_within_its_amount",
                condition=Q(open_nano_usd__gte=0, open_nano_usd__lte=F("amount_nano_usd")),
            ),
        ]

    def __str__(self) -> str:
        return f"debt {self.pk}"


class DebtPayment(models.Model):
    """What an entry paid, forgave or undid of a debt. Written once."""

    debt = models.ForeignKey(Debt, models.PROTECT, related_name="payments", verbose_name=_("debt"))
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="debt_payments", verbose_name=_("entry"))
    amount_nano_usd = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("payment of a debt")
        verbose_name_plural = _("payments of debts")
        constraints = [
            models.CheckConstraint(name="debt_payment_pays_something", condition=Q(amount_nano_usd__gt=0)),
            models.UniqueConstraint(fields=["debt", "entry"], name="one_payment_per_debt_and_entry"),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} of debt {self.debt_id}"
