"""The operator's side of the shop: packages and prices, orders with their story, and what needs a person."""

from billing.admin import inbox, mails, orders, packages, payments, reconciliations, reviews

__all__ = ["inbox", "mails", "orders", "packages", "payments", "reconciliations", "reviews"]
