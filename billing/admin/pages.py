"""What all pages of the shop have in common: prices summed below lists, searches by key, acts on a row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from accounts.models import User
from billing.admin.prices import PriceColumn
from ledger.admin.pages import BookAdmin, SummedList


class PricedList(SummedList):
    """A list that also says what the prices on its page come to, in each currency."""

    def sums(self) -> "list[tuple[Any, SafeString]]":
        """Return each column of money with its sum over the rows that are shown."""
        columns = [getattr(self.model_admin, str(name), None) for name in self.list_display]
        rows = list(self.result_list)
        priced = [
            (column.short_description, column.summed(rows))
            for column in columns
            if rows and isinstance(column, PriceColumn)
        ]
        return priced + super().sums()


class ShopAdmin(BookAdmin):
    """A fast list of the shop.

    A searched column whose index begins with another one names in ``search_within`` the values of that.
    """

    search_within: Mapping[str, Mapping[str, Any]] = {}

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Sum the columns of money."""
        return PricedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by one whole key. Each column is asked by itself, so that each can use its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        rows = self.model._default_manager.order_by().values("pk")
        found = [
            rows.filter(**{name: value}, **self.search_within.get(name, {}))
            for name, value in self._columns_for(term)
        ]
        return queryset.filter(pk__in=rows.none().union(*found)), False

    def row(self, request: HttpRequest, pk: int, *, right: str) -> Any:
        """Return the row if this person has the right to act on it."""
        if not request.user.has_perm(right):
            raise PermissionDenied
        return get_object_or_404(self.model, pk=pk)

    def done(self, request: HttpRequest, row: Model, said: "str | Promise", *, logged: str) -> HttpResponse:
        """Write down who acted, say what came of it, and go back to the row's page."""
        self.log_change(request, row, logged)
        self.message_user(request, cast("str", said), messages.SUCCESS)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)

    def _columns_for(self, term: str) -> list[tuple[str, Any]]:
        """Find an address however its case was typed; a provider's ids have a case of their own."""
        return [
            (name, value.lower() if name.endswith("email") else value)
            for name, value in super()._columns_for(term)
        ]


def moment(at: datetime | None) -> str:
    """Return a moment as pages show it, and a dash for none."""
    return "-" if at is None else date_format(localtime(at), "DATETIME_FORMAT")


def staff(request: HttpRequest) -> User:
    """Return who asks; nobody else comes past the admin's door."""
    return cast("User", request.user)
