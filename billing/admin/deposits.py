"""Deposits in the admin: the coins of orders, where they were waited for, and what became of them."""

from decimal import Decimal

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.admin.pages import ShopAdmin, moment
from billing.models import Deposit
from ledger.admin.amounts import AmountColumn


@admin.register(Deposit)
class DepositAdmin(ShopAdmin):
    """Coins as the provider told of them, the newest first, read only."""

    ordering = ["-pk"]
    list_display = ["payment_id", "order", "coin", "coins_arrived", "coins_worth", "use", "created_at"]
    list_select_related = ["order"]
    search_fields = ["payment_id", "order__reference", "order__email"]
    search_help_text = _("A whole payment id, or an order's whole reference or e-mail address.")
    fields = [
        "order", "payment_id", "parent_payment_id", "coin", "coins_asked", "coins_arrived", "coins_worth",
        "state", "use", "credited", "created_at", "came_to_rest",
    ]  # fmt: skip

    credited = AmountColumn(_("credit"), lambda deposit: deposit.credit_nano_usd or None)

    @admin.display(description=_("asked for"))
    def coins_asked(self, deposit: Deposit) -> str:
        """Return how many coins the address asked for."""
        return _plain(deposit.asked)

    @admin.display(description=_("arrived"))
    def coins_arrived(self, deposit: Deposit) -> str:
        """Return how many coins came."""
        return _plain(deposit.arrived)

    @admin.display(description=_("worth"))
    def coins_worth(self, deposit: Deposit) -> str:
        """Return what they are worth, in the currency of their order."""
        return "-" if deposit.worth is None else f"{deposit.order.currency} {deposit.worth:.2f}"

    @admin.display(description=_("arrived at"))
    def came_to_rest(self, deposit: Deposit) -> str:
        """Return when all of them were there."""
        return moment(deposit.held_at)


def _plain(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount.normalize():f}"
