"""What all pages of the books have in common: sums below lists, parts that only show, and pages for acts."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import Fieldset
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from accounts.admin.lists import FastListAdmin
from ledger.admin import amounts
from ledger.admin.amounts import AmountColumn

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    TabularInline = admin.TabularInline[Any, Any]
else:  # takes no parameters while it runs
    TabularInline = admin.TabularInline


class SummedList(ChangeList):
    """A list that says what the money on its page comes to."""

    def sums(self) -> "list[tuple[StrPromise, SafeString]]":
        """Return each column of money with its sum over the rows that are shown."""
        columns = [getattr(self.model_admin, str(name), None) for name in self.list_display]
        return [
            (column.short_description, amounts.shown(column.total(self.result_list)))
            for column in columns
            if isinstance(column, AmountColumn)
        ]


class BookAdmin(FastListAdmin):
    """A fast list with sums below it, whose rows may have acts of their own."""

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Sum the columns of money."""
        return SummedList

    def ask(
        self, request: HttpRequest, row: Model, form: forms.Form, *, act: str, title: "StrPromise"
    ) -> TemplateResponse:
        """Show the page on which an act is filled in, in the look of the admin's own forms."""
        visible = [field.name for field in form.visible_fields()]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": title,
            "form": form,
            "fieldset": Fieldset(form, fields=visible, model_admin=self),  # type: ignore[arg-type]  # any form will do
        }
        return TemplateResponse(
            request, f"admin/{self.opts.app_label}/{self.opts.model_name}/{act}.html", context
        )


class ShownInline(TabularInline):
    """Rows that belong to a page and are only read there."""

    extra = 0
    template = "admin/ledger/inlines/rows.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Open nothing."""
        return [str(name) for name in self.fields or ()]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows are made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what is written stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse, as every page does."""
        return False
