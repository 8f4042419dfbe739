"""The operator's side of the shop: packages and prices, orders with their story, inbox, reviews, mails."""

from billing.admin import inbox, mails, orders, packages, payments, reviews

__all__ = ["inbox", "mails", "orders", "packages", "payments", "reviews"]
