"""What was sold, in the reader's words."""

from decimal import Decimal

from django import template

from billing.models import Order
from billing.services import packages

register = template.Library()


@register.filter
def coins(amount: Decimal | None) -> str:
    """Write an amount of coins in full, as a wallet takes it."""
    return f"{amount.normalize():f}" if amount is not None else ""


@register.filter
def sold_as(order: Order) -> str:
    """Write what ``order`` sold."""
    return packages.in_language(order.title, order.title_zh)
