"""What the page of an order shows of its delivery, and for how long.

A key is shown until its buyer says that it is saved, or claims the order; a code until it is redeemed. Then
the sealed text is forgotten. A key can be replaced by a new one, which is shown again.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import api_keys
from billing.errors import NothingToShow
from billing.models import Order, OrderStep
from billing.services import foreign_keys, order_secrets, orders
from ledger.services import spending_keys
from redemption.models import Code
from redemption.services import code_text


def secret_of(order: Order) -> str | None:
    """Return the key or the code of ``order`` as its holder may copy it; None when nothing is shown any more.

    The text of a code that is not live any more is forgotten on the way.
    """
    if order.code is not None and order.code.state != Code.State.LIVE:
        _forget(order)
        return None
    secret = order_secrets.opened(order)
    return code_text.grouped(secret) if secret is not None and order.code_id is not None else secret


def is_redeemed(order: Order) -> bool:
    """Tell whether the code of ``order`` was redeemed, by whomever."""
    return order.code is not None and order.code.state == Code.State.REDEEMED


@transaction.atomic(durable=True)
def save(order: Order) -> None:
    """Forget the key of ``order``, which its buyer has saved: from then on nobody can show it.

    Saving it again changes nothing. Raises NothingToShow when the order was not delivered as a key.
    """
    locked = Order.objects.select_for_update().get(pk=order.pk)
    if locked.result != Order.Result.KEY:
        raise NothingToShow
    if locked.sealed_secret is not None:
        locked.sealed_secret, locked.saved_at = None, timezone.now()
        locked.save(update_fields=["sealed_secret", "saved_at"])
        orders.note(locked, OrderStep.Kind.SAVED)
    _tell(order, locked)


def roll(order: Order) -> None:
    """Replace the key of ``order`` by a new one, which spends the same credit; the old one is dead.

    The new key is shown until it is saved, also when the old one was. Raises NothingToShow when there is no
    key to replace: the order brought none, it was claimed with a key of ours (which is the account's business
    then), or somebody has stopped the key. A console that does not answer raises KeyIssuerUnavailable; the
    sweep then goes on with it.
    """
    if order.foreign_key_id:
        foreign_keys.roll(order)
        order.refresh_from_db()
    else:
        _roll_own(order)


def forget_spent_codes() -> int:
    """Forget the texts of codes that were redeemed or lapsed; return how many there were."""
    spent = Order.objects.filter(result=Order.Result.CODE, sealed_secret__isnull=False)
    return spent.exclude(code__state=Code.State.LIVE).update(sealed_secret=None)


@transaction.atomic(durable=True)
def _roll_own(order: Order) -> None:
    locked = Order.objects.select_for_update().get(pk=order.pk)
    old = locked.api_key
    if old is None or locked.customer.user_id is not None or old.state != ApiKey.State.ACTIVE:
        raise NothingToShow
    api_keys.revoke(old)
    issued = spending_keys.create(locked.customer, name=old.name, expires_at=old.expires_at)
    locked.api_key, locked.saved_at = issued.api_key, None
    locked.sealed_secret = order_secrets.seal(locked, issued.secret_text)
    locked.save(update_fields=["api_key", "sealed_secret", "saved_at"])
    orders.note(locked, OrderStep.Kind.ROLLED)
    _tell(order, locked)


def _forget(order: Order) -> None:
    if order.sealed_secret is not None:
        Order.objects.filter(pk=order.pk).update(sealed_secret=None)
        order.sealed_secret = None


def _tell(order: Order, locked: Order) -> None:
    """Let the caller's order say what its row says now."""
    for field in ("api_key", "sealed_secret", "saved_at"):
        setattr(order, field, getattr(locked, field))
