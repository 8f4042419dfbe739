"""The operator's side of the shop: packages and prices, orders with their story, and what needs a person."""

from billing.admin import (
    agents,
    channels,
    deposits,
    inbox,
    mails,
    orders,
    packages,
    payments,
    plans,
    rates,
    reconciliations,
    refunds,
    reviews,
    transfers,
    vouchers,
)

__all__ = [
    "agents", "channels", "deposits", "inbox", "mails", "orders", "packages", "payments", "plans",
    "rates", "reconciliations", "refunds", "reviews", "transfers", "vouchers",
]  # fmt: skip
