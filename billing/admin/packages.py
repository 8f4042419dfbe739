"""Packages and their prices: the one thing in the shop that staff write. Orders keep what they copied."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.admin.forms import PackageForm, PriceForm, PriceFormSet
from billing.admin.pages import ShopAdmin
from billing.admin.prices import Price, shown
from billing.models import Package, PackagePrice
from ledger.admin import amounts
from ledger.money import NanoUSD

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[PackagePrice, Package]
else:  # takes no parameters while it runs
    TabularInline = admin.TabularInline


class PriceInline(TabularInline):
    """What the package costs at each provider and in each currency."""

    model = PackagePrice
    form = PriceForm
    formset = PriceFormSet
    extra = 1


@admin.register(Package)
class PackageAdmin(ShopAdmin):
    """The catalogue. A package without a price is not sold, and one that was sold is hidden, not deleted."""

    form = PackageForm
    list_display = ["name", "name_zh", "list_price", "charged", "size", "credit", "delivery", "is_offered"]
    ordering = ["position", "pk"]
    search_fields = ["slug"]
    search_help_text = _("A whole slug.")
    fields = [*PackageForm.Meta.fields]
    editable_fields = PackageForm.Meta.fields
    inlines = [PriceInline]

    @admin.display(description=_("list price"))
    def list_price(self, package: Package) -> SafeString:
        """Return the published price."""
        return shown(Price(package.list_price_cents, package.list_currency))

    @admin.display(description=_("charged"), empty_value="-")
    def charged(self, package: Package) -> SafeString:
        """Return what the providers charge."""
        prices = ((shown(Price(price.price_cents, price.currency)),) for price in package.prices.all())
        return format_html_join(" · ", "{}", prices)

    @admin.display(description=_("tokens advertised"))
    def size(self, package: Package) -> str:
        """Return how many tokens it is sold as."""
        return f"{package.tokens:,}"

    # No `AmountColumn`: nobody asks what all packages come to.
    @admin.display(description=_("credit"))
    def credit(self, package: Package) -> SafeString:
        """Return what it is worth."""
        return amounts.shown(NanoUSD(package.credit_nano_usd))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may add packages."""
        return request.user.has_perm("billing.add_package")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Package]:
        """Read the prices of a whole page at once."""
        return super().get_queryset(request).prefetch_related("prices")
