"""Who may open an order's page, and in which browser it was shown.

A page opens for the browser that checked out, for the owner, and for whoever proved to hold the order: by its
number, or by a link that was mailed. For everybody else an order looks like one that does not exist.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import attempts, keyed_hash
from accounts.services.attempts import Limit
from billing.errors import OrderNotFound
from billing.models import Order, OrderBrowser, OrderMail, OrderStep, Provider
from billing.services import mails, order_numbers, orders

LINK_LASTS = timedelta(hours=24)
LINK_SALT = "billing.openings.link"
LOOKUP, LINK_WISH, QUESTION = "order-lookup", "order-link", "order-question"
PER_MINUTE, PER_HOUR = 5, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever asks for an order: their browser, their login, and the orders that they proved to hold."""

    browser_id: str
    user: User | None = None
    opened: Collection[str] = ()


def open_for(reference: str, visitor: Visitor) -> Order:
    """Return the order that ``reference`` names; OrderNotFound if there is none, or none for this visitor."""
    order = Order.objects.select_related("customer", "api_key", "code").filter(reference=reference).first()
    if order is None or not _may_open(order, visitor):
        raise OrderNotFound
    return order


def by_number(typed: str, *, address: str) -> Order:
    """Return the order whose number somebody holds.

    Text that cannot be a number raises NumberMistyped, a redemption code CodeTyped: both cost no attempt and
    no query. Every other try counts against ``address``; TooManyAttempts is raised before anything is looked
    up. A number that is nobody's raises OrderNotFound.
    """
    order_numbers.normalise(typed)
    attempts.spend_by_address(LOOKUP, address, per_minute=PER_MINUTE, per_hour=PER_HOUR)
    return order_numbers.find_order(typed)


def wish_link(provider_number: str, email: str, *, address: str) -> None:
    """Promise the buyer a mail with a link, if a provider's number and the purchase e-mail fit one order.

    Nobody learns whether they do. At most one mail an hour for each order; every try counts against
    ``address`` and raises TooManyAttempts when those are used up.
    """
    attempts.spend_by_address(LINK_WISH, address, per_minute=PER_MINUTE, per_hour=PER_HOUR)
    number, email = provider_number.strip(), email.strip().lower()
    order = _of_provider_number(number, email) if number else None
    if order is not None:
        hour = f"{timezone.now():%Y-%m-%dT%H}"
        # To the address that was given: a buyer who mistyped ours may have given it right to the provider.
        mails.owe(order, OrderMail.Kind.LINK, occasion=hour, recipient=email)


def count_question(order: Order) -> None:
    """Count that somebody has the provider asked about ``order``; raises TooManyAttempts in a hurry."""
    attempts.spend(Limit(QUESTION, f"order {order.pk}", PER_MINUTE, attempts.MINUTE_SECONDS))


def remember_buyer(order: Order, browser_id: str) -> None:
    """Let the page open in the browser that checked out, without a mail about it."""
    hashed = keyed_hash.digest(keyed_hash.BROWSER, browser_id)
    OrderBrowser.objects.get_or_create(order=order, browser_hash=hashed.value, defaults={"is_buyers": True})


@transaction.atomic
def record_showing(order: Order, browser_id: str) -> None:
    """Write down that this browser is shown the delivery, and tell the buyer if it never was before."""
    if OrderBrowser.objects.filter(order=order, browser_hash__in=_hashes(browser_id)).exists():
        return
    hashed = keyed_hash.digest(keyed_hash.BROWSER, browser_id)
    browser, is_new = OrderBrowser.objects.get_or_create(order=order, browser_hash=hashed.value)
    if is_new:
        orders.note(order, OrderStep.Kind.OPENED)
        mails.owe(order, OrderMail.Kind.OPENED, occasion=str(browser.pk))


def link(order: Order) -> str:
    """Return the address for a mail: it leads to a button that opens the order, for 24 hours."""
    query = urlencode({"token": token_for(order)})
    return f"{settings.PUBLIC_URL}{reverse('order_open', args=[order.reference])}?{query}"


def token_for(order: Order) -> str:
    """Return a signed word that opens the order for 24 hours."""
    return _signer().sign(order.reference).removeprefix(f"{order.reference}:")


def by_token(reference: str, token: str) -> Order:
    """Return the order that a mailed token opens; raises OrderNotFound when it opens nothing, or no more."""
    try:
        _signer().unsign(f"{reference}:{token}", max_age=LINK_LASTS)
        return Order.objects.get(reference=reference)
    except (signing.BadSignature, Order.DoesNotExist):
        raise OrderNotFound from None


def _may_open(order: Order, visitor: Visitor) -> bool:
    if visitor.user is not None and order.customer.user_id == visitor.user.pk:
        return True
    if order.reference in visitor.opened:
        return True
    return order.browsers.filter(is_buyers=True, browser_hash__in=_hashes(visitor.browser_id)).exists()


def _of_provider_number(number: str, email: str) -> Order | None:
    # Each column is asked by itself, so that each uses its index: together they would read every order.
    every = Order.objects.order_by().values("pk")
    named = every.filter(provider_order_id=number).union(
        every.filter(checkout_id=number),
        every.filter(payment__provider__in=Provider.values, payment__transaction_id=number),
    )
    purchased = Q(email=email) | Q(payment__email__iexact=email)
    return Order.objects.filter(purchased, pk__in=named).first()


def _hashes(browser_id: str) -> list[bytes]:
    return [each.value for each in keyed_hash.candidates(keyed_hash.BROWSER, browser_id)]


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=LINK_SALT)
