"""The key or the code of an order, sealed for as long as its page shows it."""

from accounts.services import sealing
from billing.models import Order


def seal(order: Order, secret: str) -> bytes:
    """Return ``secret`` sealed for ``order``."""
    return sealing.seal(secret.encode(), context=_place(order))


def opened(order: Order) -> str | None:
    """Return the secret of ``order``; None when it keeps none, or none any more."""
    if order.sealed_secret is None:
        return None
    return sealing.unseal(bytes(order.sealed_secret), context=_place(order)).decode()


def _place(order: Order) -> str:
    return f"billing.order|{order.reference}|secret"
