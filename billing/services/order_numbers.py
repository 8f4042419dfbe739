"""The order number: the buyer's password for an order. Only its holder ever sees it again."""

from accounts.services import keyed_hash, sealing
from accounts.services.keyed_hash import KeyedHash
from billing.errors import CodeTyped, NumberMistyped, OrderNotFound
from billing.models import Order
from redemption.errors import CodeMistyped
from redemption.services import code_text
from redemption.services.code_text import Purpose


def generate() -> str:
    """Return a new order number of 130 random bits."""
    return code_text.generate_order_number()


def hashed(number: str) -> KeyedHash:
    """Return what is stored of ``number`` to find its order by."""
    return keyed_hash.digest(keyed_hash.ORDER_NUMBER, number)


def seal(number: str, *, reference: str) -> bytes:
    """Return ``number`` sealed for the order that ``reference`` names."""
    return sealing.seal(number.encode(), context=_place(reference))


def shown(order: Order) -> str:
    """Return the number of ``order`` as its holder may see it: seven groups of four."""
    number = sealing.unseal(bytes(order.sealed_number), context=_place(order.reference))
    return code_text.grouped(number.decode())


def find_order(typed: str) -> Order:
    """Return the order that somebody holds by its number.

    Text that cannot be a number raises NumberMistyped, a redemption code CodeTyped, both without a query;
    a number that is nobody's raises OrderNotFound. Callers limit how often it is asked.
    """
    hashes = [each.value for each in keyed_hash.candidates(keyed_hash.ORDER_NUMBER, normalise(typed))]
    order = Order.objects.filter(number_hash__in=hashes).first()
    if order is None:
        raise OrderNotFound
    return order


def normalise(typed: str) -> str:
    """Return the order number that somebody meant; raises NumberMistyped or CodeTyped, and asks nobody."""
    try:
        text, purpose = code_text.parse(typed)
    except CodeMistyped:
        raise NumberMistyped from None
    if purpose is not Purpose.ORDER_NUMBER:
        raise CodeTyped
    return text


def _place(reference: str) -> str:
    return f"billing.order|{reference}|number"
