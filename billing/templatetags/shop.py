"""What was sold, in the reader's words."""

from django import template

from billing.models import Order
from billing.services import packages

register = template.Library()


@register.filter
def sold_as(order: Order) -> str:
    """Write what ``order`` sold."""
    return packages.in_language(order.title, order.title_zh)
