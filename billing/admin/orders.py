"""Orders in the admin: found by what a buyer can tell, shown with all that happened, never with a secret."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.admin import timeline
from billing.admin.forms import RefundForm
from billing.admin.pages import ShopAdmin, moment, staff
from billing.admin.prices import Price, PriceColumn, shown
from billing.errors import RefundTooLarge
from billing.models import Order, Provider, Refund
from billing.services import checkouts, delivery, refund_quotes, refunds
from billing.tasks import ask_for_refund, deliver_order, nudge
from billing.wordings import told
from ledger.admin.amounts import AmountColumn

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

RIGHT = "billing.ask_provider"


class WaitingFilter(admin.SimpleListFilter):
    """Orders that are not through yet. Each choice has an index that holds little else."""

    title = _("what it waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> "list[tuple[str, StrPromise]]":
        """Offer what an order can wait for."""
        return [("delivery", _("paid, not delivered")), ("payment", _("payment page open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep what waits for that."""
        match self.value():
            case "delivery":
                return queryset.filter(deliver_at__isnull=False)
            case "payment":
                return queryset.filter(ask_at__isnull=False)
            case _:
                return queryset


@admin.register(Order)
class OrderAdmin(ShopAdmin):
    """Nothing is edited here. Two acts hurry what happens by itself anyway."""

    list_display = ["reference", "state", "created_at", "email", "title", "price", "result"]
    list_filter = [WaitingFilter]
    search_fields = ["reference", "email", "provider_order_id", "checkout_id", "payment__transaction_id"]
    search_within = {"payment__transaction_id": {"payment__provider__in": Provider.values}}
    search_help_text = _(
        "A whole reference, e-mail address, or id of the provider's. Never an order number: whoever has it "
        "holds the order."
    )
    fields = [
        "reference", "state", "result", "email", "customer", "was_guest", "language", "package",
        "kind", "title", "price", "units_per_usd", "units", "tokens_sold", "credit", "delivery",
        "provider", "mode", "product_id", "checkout_id", "provider_order_id", "created_at", "asked_next",
        "paid_at", "tried_next", "tries", "delivered_at", "api_key", "code", "foreign_key_id",
        "foreign_base_url", "saved_at", "claimed_at",
    ]  # fmt: skip

    price = PriceColumn(_("price"), lambda order: Price(order.price_cents, order.currency))
    credit = AmountColumn(_("credit"), lambda order: order.credit_nano_usd)

    @admin.display(description=_("tokens advertised"))
    def tokens_sold(self, order: Order) -> str:
        """Return how many tokens the package was sold as."""
        return f"{order.tokens:,}"

    @admin.display(description=_("provider asked next"))
    def asked_next(self, order: Order) -> str:
        """Return when the provider is asked again."""
        return moment(order.ask_at)

    @admin.display(description=_("delivery tried next"))
    def tried_next(self, order: Order) -> str:
        """Return when the delivery is tried again."""
        return moment(order.deliver_at)

    @admin.display(description=_("deliveries tried"))
    def tries(self, order: Order) -> int:
        """Return how often the delivery was tried."""
        return order.delivery_attempts

    def get_urls(self) -> list[URLPattern]:
        """Add the acts to the admin's own pages."""
        acts = {
            "ask": require_POST(self.ask_provider),
            "deliver": require_POST(self.deliver_again),
            "refund": self.refund,
        }
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"billing_order_{name}")
            for name, view in acts.items()
        ] + super().get_urls()

    def ask_provider(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the provider what became of the payment, as the sweep does."""
        order = checkouts.ask(self.row(request, pk, right=RIGHT).pk)
        if order.is_paid:
            nudge(deliver_order, order.pk)
        said = _("The provider was asked. The order is: %s.") % order.get_state_display()
        return self.done(request, order, said, logged=gettext("Asked the provider."))

    def deliver_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the order delivered now; one that is delivered stays as it is."""
        order = self.row(request, pk, right=RIGHT)
        delivery.hurry(order)
        nudge(deliver_order, order.pk)
        said = _("A worker tries at once. Reload this page to see what came of it.")
        return self.done(request, order, said, logged=gettext("Tried the delivery again."))

    def refund(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a refund would be made of, ask how much and why, and begin it."""
        order = self.row(request, pk, right="billing.refund_order")
        form = RefundForm(request.POST or None, quote=refund_quotes.quote(order))
        begun = _begun(request, order, form) if form.is_valid() else None
        if begun is None:
            return self.ask(request, order, form, act="refund", title=_("Refund"))
        if begun.ask_at is not None:
            nudge(ask_for_refund, begun.pk)
        said = _("The refund of %(amount)s is begun.") % {
            "amount": shown(Price(begun.amount_cents, begun.currency))
        }
        return self.done(request, order, said, logged=gettext("Began a refund."))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Show what happened to the order below what it is."""
        context["refunds"] = context["original"].refunds.order_by("pk")
        context["timeline"] = timeline.of(context["original"])
        return super().render_change_form(request, context, *args, **options)


def _begun(request: HttpRequest, order: Order, form: RefundForm) -> Refund | None:
    """Begin the refund that the form says; one that is too large is told so beside the amount."""
    try:
        return refunds.refund(
            order,
            form.cleaned_data["amount_cents"],
            origin=Refund.Origin.OPERATOR,
            reason=form.cleaned_data["reason"],
            made_by=staff(request),
        )
    except RefundTooLarge as refusal:
        form.add_error("amount_cents", told(refusal).sentence)
        return None
