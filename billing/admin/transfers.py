"""The queue of the transfer desk: what buyers say that they sent, and what is decided about it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import pictures, wordings
from billing.admin.pages import ShopAdmin, moment, staff
from billing.admin.prices import Price, PriceColumn
from billing.admin.transfer_forms import ApproveForm, AskForm, RejectForm
from billing.errors import PaidTooLittle, ReferenceUnreadable, TransactionUsed, TransferSettled
from billing.models import Transfer, TransferDecision, TransferScreenshot
from billing.services import transfer_decisions
from billing.tasks import deliver_order, nudge
from ledger.admin.pages import ShownInline

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

RIGHT = "billing.decide_transfer"


class StateFilter(admin.SimpleListFilter):
    """What waits for a decision, unless something else is asked for; a search finds all."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> "list[tuple[str, StrPromise]]":
        """Offer what is not shown at first."""
        others = [each for each in Transfer.State.choices if each[0] != Transfer.State.SUBMITTED]
        return [*others, ("all", _("all"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the first choice by what it shows."""
        first, *others = super().choices(changelist)
        yield {**first, "display": _("to be decided")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        """Keep what was asked for."""
        match self.value():
            case None if not request.GET.get("q"):
                return queryset.filter(state=Transfer.State.SUBMITTED)
            case None | "all":
                return queryset
            case state:
                return queryset.filter(state=state)


class DecisionInline(ShownInline):
    """What was decided, in its order."""

    model = TransferDecision
    ordering = ["pk"]
    fields = ["at", "kind", "by", "amount", "reason", "message"]

    amount = PriceColumn(
        _("amount"),
        lambda made: None if made.amount_cents is None else Price(made.amount_cents, made.transfer.currency),
    )


@admin.register(Transfer)
class TransferAdmin(ShopAdmin):
    """Nothing is edited here: a transfer is approved, rejected, or asked about, and each is written down."""

    list_display = ["memo", "channel", "asked", "transaction_reference", "state", "since", "doubled"]
    list_select_related = ["channel", "order"]
    list_filter = [StateFilter]
    ordering = ["submitted_at", "pk"]
    search_fields = ["memo", "order__reference", "order__email"]
    search_help_text = _("A whole memo, or an order's whole reference or e-mail address.")
    fields = [
        "memo", "order", "channel", "asked", "state", "transaction_reference", "doubled", "since",
        "pictures", "reason", "message",
    ]  # fmt: skip
    inlines = [DecisionInline]

    asked = PriceColumn(_("amount"), lambda row: Price(row.order.price_cents, row.currency))

    @admin.display(description=_("submitted"))
    def since(self, transfer: Transfer) -> str:
        """Return since when it waits for a decision."""
        return moment(transfer.submitted_at)

    @admin.display(description=_("warning"))
    def doubled(self, transfer: Transfer) -> SafeString | str:
        """Say that another transfer names the same transaction."""
        if not transfer.is_doubled:  # type: ignore[attr-defined]  # from `with_doubles`
            return "-"
        return format_html('<strong class="doubled">{}</strong>', _("Another transfer names this reference"))

    @admin.display(description=_("screenshots"))
    def pictures(self, transfer: Transfer) -> SafeString | str:
        """Return the newest picture, for those who decide."""
        newest = transfer.screenshots.defer("image").first()
        if newest is None:
            return "-"
        address = reverse("admin:billing_transfer_screenshot", args=[transfer.pk, newest.pk])
        return format_html(
            '<a href="{}"><img class="screenshot" src="{}" alt="{}"></a>', address, address, _("Screenshot")
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        """Mark what names the transaction of another."""
        return Transfer.objects.with_doubles().select_related("order", "channel")

    def get_urls(self) -> list[URLPattern]:
        """Add the acts and the pictures to the admin's own pages."""
        acts = {"approve": self.approve, "reject": self.reject, "question": self.question}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"billing_transfer_{name}")
            for name, view in acts.items()
        ]
        picture = path(
            "<int:pk>/screenshots/<int:picture_pk>/",
            self.admin_site.admin_view(self.screenshot),
            name="billing_transfer_screenshot",
        )
        return [*own, picture, *super().get_urls()]

    def approve(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask what arrived, and have the order delivered."""
        transfer = self.row(request, pk, right=RIGHT)
        form = ApproveForm(request.POST or None, transfer=transfer)
        title = _("Approve the transfer")
        if not form.is_valid():
            return self.ask(request, transfer, form, act="approve", title=title)
        try:
            transfer_decisions.approve(
                transfer.order_id,
                by=staff(request),
                amount_cents=form.cleaned_data["amount"],
                reference=form.cleaned_data["reference"],
            )
        except (TransferSettled, TransactionUsed, ReferenceUnreadable, PaidTooLittle) as error:
            return self._refused(request, transfer, form, error, act="approve", title=title)
        nudge(deliver_order, transfer.order_id)
        said = _("The transfer is approved, and the order is being delivered.")
        return self.done(request, transfer, said, logged=gettext("Approved the transfer."))

    def reject(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, and tell the buyer."""
        transfer = self.row(request, pk, right=RIGHT)
        form = RejectForm(request.POST or None)
        title = _("Reject the transfer")
        if not form.is_valid():
            return self.ask(request, transfer, form, act="reject", title=title)
        reason = Transfer.Reason(form.cleaned_data["reason"])
        try:
            transfer_decisions.reject(
                transfer.order_id, by=staff(request), reason=reason, message=form.cleaned_data["message"]
            )
        except TransferSettled as error:
            return self._refused(request, transfer, form, error, act="reject", title=title)
        said = _("The transfer is rejected, and the buyer is told.")
        return self.done(request, transfer, said, logged=gettext("Rejected the transfer."))

    def question(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the buyer for something else."""
        transfer = self.row(request, pk, right=RIGHT)
        form = AskForm(request.POST or None)
        title = _("Ask the buyer")
        if not form.is_valid():
            return self.ask(request, transfer, form, act="question", title=title)
        try:
            transfer_decisions.ask_again(
                transfer.order_id, by=staff(request), message=form.cleaned_data["message"]
            )
        except TransferSettled as error:
            return self._refused(request, transfer, form, error, act="question", title=title)
        said = _("The buyer is asked.")
        return self.done(request, transfer, said, logged=gettext("Asked the buyer."))

    def screenshot(self, request: HttpRequest, pk: int, picture_pk: int) -> HttpResponse:
        """Show a picture that a buyer attached to those who decide."""
        if not request.user.has_perm(RIGHT):
            raise PermissionDenied
        found = get_object_or_404(TransferScreenshot, pk=picture_pk, transfer_id=pk)
        return pictures.shown_in_private(bytes(found.image))

    def _refused(
        self,
        request: HttpRequest,
        transfer: Transfer,
        form: forms.Form,
        error: Exception,
        *,
        act: str,
        title: "StrPromise",
    ) -> TemplateResponse:
        form.add_error(None, wordings.told(error).sentence)
        return self.ask(request, transfer, form, act=act, title=title)
