"""What the list of batches leaves out until somebody asks for it."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from redemption.models import Batch, BatchQuerySet

SOLD, ALL = "sold", "all"


class OriginFilter(admin.SimpleListFilter):
    """Shows what staff issued. There is a sold code for every order, and nobody browses those.

    A search, or the state of sold codes, looks among them all.
    """

    title = _("origin")
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the other two besides the default."""
        return [(SOLD, _("sold")), (ALL, _("All"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the default by its name: here it does not mean all."""
        default, *others = super().choices(changelist)
        yield {**default, "display": _("issued by staff")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> BatchQuerySet:
        """Return the batches of the origin that was asked for."""
        batches: BatchQuerySet = queryset
        if self.value() == SOLD:
            return batches.exclude(sold_through="")
        looks_further = request.GET.get("q") or request.GET.get("state__exact") == Batch.State.SOLD
        return batches if self.value() == ALL or looks_further else batches.issued_by_staff()
