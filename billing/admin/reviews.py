"""Reviews in the admin: what a person has to look at, and the note that closes it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin.forms import CloseForm
from billing.admin.pages import ShopAdmin, staff
from billing.models import Review
from billing.services import reviews

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class ClosedFilter(admin.SimpleListFilter):
    """Open ones unless others are asked for; a search finds both."""

    title = _("state")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> "list[tuple[str, StrPromise]]":
        """Offer what is not shown at first."""
        return [("yes", _("closed")), ("all", _("all"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the first choice by what it shows."""
        first, *others = super().choices(changelist)
        yield {**first, "display": _("open")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        """Keep what was asked for."""
        match self.value():
            case "yes":
                return queryset.filter(closed_at__isnull=False)
            case None if not request.GET.get("q"):
                return queryset.filter(closed_at__isnull=True)
            case _:
                return queryset


@admin.register(Review)
class ReviewAdmin(ShopAdmin):
    """Closing says that a person has looked; it moves no money and changes no order."""

    list_display = ["reason", "subject", "order", "detail", "opened_at", "closed_at"]
    list_select_related = ["order"]
    list_filter = [ClosedFilter]
    search_fields = ["subject", "order__reference", "order__email"]
    search_within = {"subject": {"reason__in": Review.Reason.values}}
    search_help_text = _("What it is about, or an order's whole reference or e-mail address.")
    fields = [
        "reason", "subject", "order", "event", "detail", "opened_at", "closed_at", "closed_by", "note",
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the act to the admin's own pages."""
        act = self.admin_site.admin_view(self.close)
        return [path("<int:pk>/close/", act, name="billing_review_close"), *super().get_urls()]

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask what was done, and close the review with it."""
        review = self.row(request, pk, right="billing.change_review")
        form = CloseForm(request.POST or None)
        if not form.is_valid():
            return self.ask(request, review, form, act="close", title=_("Close the review"))
        reviews.close(review, by=staff(request), note=form.cleaned_data["note"])
        return self.done(request, review, _("The review is closed."), logged=gettext("Closed the review."))
