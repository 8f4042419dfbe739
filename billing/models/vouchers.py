"""Vouchers: batches of codes that give days of a plan, ordered where the plans are known."""

from django.utils.translation import gettext_lazy as _

from redemption.models import Batch


class PlanBatch(Batch):
    """A batch of codes that give days of a plan. Whoever may do something with batches may do it here."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("batch of plan codes")
        verbose_name_plural = _("batches of plan codes")
