"""Payments in the admin: the providers' own figures, read only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.admin.pages import ShopAdmin
from billing.admin.prices import Price, PriceColumn
from billing.models import Payment, Provider


@admin.register(Payment)
class PaymentAdmin(ShopAdmin):
    """What came in, the newest first, with sums of what is shown."""

    list_display = ["transaction_id", "order", "amount", "tax", "paid", "happened_at"]
    list_select_related = ["order"]
    search_fields = ["transaction_id", "order__reference", "order__email"]
    search_within = {"transaction_id": {"provider__in": Provider.values}}
    search_help_text = _("A whole transaction id, or an order's whole reference or e-mail address.")
    fields = [
        "order", "provider", "transaction_id", "amount", "tax", "paid", "email", "customer_id",
        "happened_at", "recorded_at",
    ]  # fmt: skip

    amount = PriceColumn(_("before tax"), lambda payment: Price(payment.amount_cents, payment.currency))
    tax = PriceColumn(
        _("tax"),
        lambda payment: None if payment.tax_cents is None else Price(payment.tax_cents, payment.currency),
    )
    paid = PriceColumn(
        _("paid with tax"),
        lambda payment: None if payment.paid_cents is None else Price(payment.paid_cents, payment.currency),
    )
