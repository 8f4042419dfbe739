"""Refunds in the admin: how each stands, and what somebody enters who sent the money by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin.forms import FailureForm, ProofForm
from billing.admin.pages import ShopAdmin, moment
from billing.admin.prices import Price, PriceColumn
from billing.errors import RefundEnded
from billing.models import Provider, Refund
from billing.services import refunds
from billing.wordings import told
from ledger.admin.amounts import AmountColumn

RIGHT = "billing.end_refund"


class AwaitedFilter(admin.SimpleListFilter):
    """Those of which nobody knows yet that the money went."""

    title = _("what it waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what has an index."""
        return [("yes", _("awaiting provider"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refund]) -> QuerySet[Refund]:
        """Keep what waits."""
        return queryset.filter(state=Refund.State.AWAITING) if self.value() == "yes" else queryset


@admin.register(Refund)
class RefundAdmin(ShopAdmin):
    """A refund is made on the page of its order. Here one is ended that is sent by hand, or failed."""

    list_display = ["id", "order", "kind", "amount", "state", "origin", "taken", "debt", "made_at"]
    list_select_related = ["order"]
    list_filter = [AwaitedFilter]
    search_fields = ["order__reference", "order__email", "provider_refund_id"]
    search_within = {"provider_refund_id": {"provider__in": Provider.values, "kind__in": Refund.Kind.values}}
    search_help_text = _("An order's whole reference or e-mail address, or the provider's id of a refund.")
    fields = [
        "order", "payment", "kind", "origin", "state", "amount", "units_per_usd", "credit", "withheld",
        "taken", "code_credit", "debt", "taken_at", "stopped_key", "froze_account", "provider",
        "provider_refund_id", "proof", "reason", "made_by", "made_at", "asked_next", "asks", "accepted_at",
        "ended_at", "last_error",
    ]  # fmt: skip

    amount = PriceColumn(_("amount"), lambda refund: Price(refund.amount_cents, refund.currency))
    credit = AmountColumn(_("credit"), lambda refund: refund.credit_nano_usd)
    withheld = AmountColumn(_("never delivered"), lambda refund: refund.withheld_nano_usd)
    taken = AmountColumn(_("taken from wallets"), lambda refund: refund.taken_nano_usd)
    code_credit = AmountColumn(_("taken with its code"), lambda refund: refund.code_nano_usd)
    debt = AmountColumn(_("spent, and owed"), lambda refund: refund.debt_nano_usd)

    @admin.display(description=_("provider asked next"))
    def asked_next(self, refund: Refund) -> str:
        """Return when the provider is asked again."""
        return moment(refund.ask_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the acts to the admin's own pages."""
        acts = {"enter": self.enter, "fail": self.fail}
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"billing_refund_{name}")
            for name, view in acts.items()
        ] + super().get_urls()

    def enter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reference under which the money was sent, and end the refund with it."""
        refund = self.row(request, pk, right=RIGHT)
        form = ProofForm(request.POST or None)
        if form.is_valid():
            try:
                refunds.enter_proof(refund, form.cleaned_data["proof"])
            except RefundEnded as refusal:
                form.add_error(None, told(refusal).sentence)
        if not form.is_valid():
            return self.ask(request, refund, form, act="enter", title=_("Enter the reference"))
        return self.done(request, refund, _("The money went back."), logged=gettext("Entered the reference."))

    def fail(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why the money did not go, and undo the refund."""
        refund = self.row(request, pk, right=RIGHT)
        form = FailureForm(request.POST or None)
        if form.is_valid():
            try:
                refunds.give_up(refund, why=form.cleaned_data["why"])
            except RefundEnded as refusal:
                form.add_error(None, told(refusal).sentence)
        if not form.is_valid():
            return self.ask(request, refund, form, act="fail", title=_("Mark as failed"))
        said = _("The refund is undone: its credit came back exactly.")
        return self.done(request, refund, said, logged=gettext("Marked the refund as failed."))
