"""Reviews in the admin: what a person has to look at, and the note that closes it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from billing.admin import explanations, inbox
from billing.admin.forms import AcceptForm, CloseForm, CreditForm
from billing.admin.pages import ShopAdmin, staff
from billing.errors import BillingError, ReviewClosed
from billing.models import Review
from billing.providers.errors import ProviderError
from billing.services import resolutions, reviews
from billing.tasks import deliver_order, nudge
from billing.wordings import WORDINGS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class ClosedFilter(admin.SimpleListFilter):
    """Open ones unless others are asked for; a search finds both."""

    title = _("state")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> "list[tuple[str, StrPromise]]":
        """Offer what is not shown at first."""
        return [("yes", pgettext_lazy("state of a review", "closed")), ("all", _("all"))]

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
    """What waits for a person, with what was told and what can be done. Closing alone moves no money."""

    list_display = ["reason", "subject", "order", "detail", "opened_at", "closed_at"]
    list_select_related = ["order"]
    list_filter = [ClosedFilter]
    search_fields = ["subject", "order__reference", "order__email"]
    search_within = {"subject": {"reason__in": Review.Reason.values}}
    search_help_text = _("What it is about, or an order's whole reference or e-mail address.")
    fields = [
        "reason", "what_happened", "subject", "order", "event", "detail", "opened_at", "closed_at",
        "closed_by", "note", "told",
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the acts to the admin's own pages."""
        acts = {"close": self.close, "accept": self.accept, "credit": self.credit}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(act), name=f"billing_review_{name}")
            for name, act in acts.items()
        ]
        return [*own, *super().get_urls()]

    @admin.display(description=_("what we think happened"))
    def what_happened(self, review: Review) -> Promise:
        """Return a plain sentence for the reason."""
        return explanations.of(review)

    @admin.display(description=_("told"))
    def told(self, review: Review) -> SafeString | str:
        """Return what the provider said."""
        return inbox.in_lines(bytes(review.event.body)) if review.event else "-"

    def accept(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for which order, and let the payment pay it."""
        review = self.row(request, pk, right="billing.resolve_review")
        form = AcceptForm(
            request.POST or None, initial={"reference": review.order and review.order.reference}
        )
        if form.is_valid():
            try:
                order = resolutions.accept(
                    review, reference=form.cleaned_data["reference"], by=staff(request)
                )
            except (BillingError, ProviderError) as refusal:
                form.add_error(None, str(_in_words(refusal)))
            else:
                nudge(deliver_order, order.pk)
                said = _("The payment is accepted, and the order is delivered.")
                return self.done(request, review, said, logged=gettext("Accepted the payment."))
        return self.ask(request, review, form, act="accept", title=_("Accept the payment"))

    def credit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how much, and credit it to the buyer."""
        review = self.row(request, pk, right="billing.resolve_review")
        form = CreditForm(request.POST or None)
        if form.is_valid():
            amount, note = form.cleaned_data["amount"], form.cleaned_data["note"]
            try:
                resolutions.credit(review, amount, note=note, by=staff(request))
            except BillingError as refusal:
                form.add_error(None, str(_in_words(refusal)))
            else:
                said = _("The credit is in the buyer's account.")
                return self.done(request, review, said, logged=gettext("Credited the buyer."))
        return self.ask(request, review, form, act="credit", title=_("Credit the buyer"))

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask what was done, and close the review with it."""
        review = self.row(request, pk, right="billing.change_review")
        form = CloseForm(request.POST or None)
        if form.is_valid():
            try:
                reviews.close(review, by=staff(request), note=form.cleaned_data["note"])
            except ReviewClosed as refusal:
                form.add_error(None, str(_in_words(refusal)))
            else:
                said = _("The review is closed.")
                return self.done(request, review, said, logged=gettext("Closed the review."))
        return self.ask(request, review, form, act="close", title=_("Close the review"))


def _in_words(refusal: BillingError | ProviderError) -> Promise:
    if isinstance(refusal, ProviderError):
        return _("The provider did not answer. Try again in a minute.")
    return WORDINGS[type(refusal)][1]
