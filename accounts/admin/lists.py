"""Admin pages that stay fast at millions of rows, and that change nothing unless they say so."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import BinaryField, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

# Nobody pages further than this; whoever looks for an older row knows its key.
FARTHEST_ROW = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Counts no further than `FARTHEST_ROW`: counting a large table reads all of it."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, as far as anybody pages."""
        rows = cast("QuerySet[Model]", self.object_list)
        return rows.order_by()[:FARTHEST_ROW].count()


class FastListAdmin(ModelAdmin):
    """Newest first, no full count, no delete, search by exact keys, and read-only by default.

    A subclass names in ``search_fields`` indexed columns only (``key_id``, ``user__email``): each is compared
    as a whole. It opens what may be changed in ``editable_fields``.
    """

    editable_fields: Sequence[str] = ()

    ordering = ["-pk"]
    sortable_by = ()  # the other columns have no index to sort by
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Say so when there are more rows than the pages show."""
        changelist = super().get_changelist_instance(request)
        if changelist.result_count == FARTHEST_ROW:
            changelist.title = _("The newest %(count)s. Find older ones by their exact key.") % {
                "count": f"{FARTHEST_ROW:,}"
            }
        return changelist

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by one whole key. Each column is asked by itself, so that each can use its index."""
        if not search_term.strip():
            return queryset, False
        rows = self.model._default_manager.order_by().values("pk")
        found = [rows.filter(**{name: value}) for name, value in self._columns_for(search_term.strip())]
        return queryset.filter(pk__in=rows.none().union(*found)), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Leave open only what may be edited; without ``fields``, show every column but raw bytes."""
        columns = [f.name for f in self.opts.concrete_fields if not isinstance(f, BinaryField)]
        editable = self.get_editable_fields(request, obj)
        return [str(name) for name in self.fields or columns if name not in editable]

    def get_editable_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Return what this person may change on this row."""
        return self.editable_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows are made by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nothing that money or history stands on is deleted."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what the person may, if there is anything to change at all."""
        return bool(self.get_editable_fields(request, obj)) and super().has_change_permission(request, obj)

    def _columns_for(self, term: str) -> list[tuple[str, Any]]:
        """Return the columns that could hold ``term``, with the value to compare."""
        pairs = []
        for name in self.search_fields:
            try:
                pairs.append((name, get_fields_from_path(self.model, name)[-1].to_python(term)))
            except ValidationError:
                continue
        return pairs
