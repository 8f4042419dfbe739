"""Customers: the buyers that keys and money belong to."""

from accounts.models import Customer, User


def of_user(user: User) -> Customer:
    """Return the one customer that ``user`` buys as, made on first need; of two first needs one makes it."""
    customer, _ = Customer.objects.get_or_create(user=user)
    return customer
