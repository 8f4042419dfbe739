"""Claiming: a guest's order becomes that of a user who holds it."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import customers
from billing.errors import AlreadyClaimed
from billing.models import Order, OrderStep
from billing.services import orders
from ledger.models import Account
from ledger.services import accounts, merging


@transaction.atomic(durable=True)
def claim(order: Order, user: User) -> None:
    """Give ``order`` to ``user``, with all that it brought, once.

    Its key lives on in the user's account, which also gets the credit: the guest's account is merged into it.
    The key's text is forgotten, as its new owner can make another; that of a console's key stays until it is
    saved, because nobody could make another here. A code stays to be redeemed, by whomever. What is not
    delivered yet will be, as credit in the user's wallet.

    Claiming one's own order changes nothing; somebody else's raises AlreadyClaimed. A frozen guest account
    raises AccountFrozen. The order's row is locked, so of two browsers one claims.
    """
    locked = Order.objects.select_for_update().get(pk=order.pk)
    customer = customers.of_user(user)
    if locked.customer_id != customer.pk:
        if locked.customer.user_id is not None:
            raise AlreadyClaimed
        _merge(locked, into=accounts.open_for(customer))
        _attach(locked, customer.pk)
    order.refresh_from_db()


def _merge(order: Order, *, into: Account) -> None:
    guests = Account.objects.filter(customer=order.customer_id).first()
    if guests is not None:
        merging.merge(guests, into)


def _attach(order: Order, customer_id: int) -> None:
    order.customer_id = customer_id
    order.claimed_at = timezone.now()
    if order.api_key_id is not None:
        order.sealed_secret = None
    order.save(update_fields=["customer", "claimed_at", "sealed_secret"])
    orders.note(order, OrderStep.Kind.CLAIMED)
