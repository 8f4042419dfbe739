"""The shop: packages, plans, orders, payments and their delivery."""
