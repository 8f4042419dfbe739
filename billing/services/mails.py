"""Mails that orders owe: promised with the fact that they tell, sent when it is committed."""

from billing.models import Order, OrderMail


def owe(order: Order, kind: OrderMail.Kind, *, occasion: str = "", recipient: str = "") -> None:
    """Promise the buyer a mail, in the caller's transaction; a second promise of it changes nothing.

    It goes to the order's address, unless the buyer is known by another: the ``recipient``.
    """
    mail = OrderMail(order=order, kind=kind, occasion=occasion, recipient=recipient or order.email)
    OrderMail.objects.bulk_create([mail], ignore_conflicts=True)
