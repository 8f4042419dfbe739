"""Placing orders: a row that says everything about the sale, before anybody else hears of it."""

import secrets
import string
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Customer, User
from accounts.services import customers
from billing.models import Mode, Order, OrderStep, PackagePrice
from billing.services import order_numbers

REFERENCE_LENGTH = 20
_SYMBOLS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys: a user, or a guest with an e-mail address, who reads ``language``."""

    email: str
    language: str
    user: User | None = None


@transaction.atomic(durable=True)
def place(price: PackagePrice, buyer: Buyer, *, mode: Mode, units: int = 1) -> Order:
    """Write the order for ``units`` of a package at ``price``, committed before a provider is asked."""
    package, number, reference = price.package, order_numbers.generate(), _new_reference()
    hashed = order_numbers.hashed(number)
    order = Order.objects.create(
        reference=reference,
        number_hash=hashed.value,
        number_pepper_version=hashed.version,
        sealed_number=order_numbers.seal(number, reference=reference),
        customer=_customer(buyer),
        email=buyer.email.lower(),
        language=buyer.language,
        was_guest=buyer.user is None,
        package=package,
        title=package.name,
        title_zh=package.name_zh,
        tokens=units * package.tokens,
        credit_nano_usd=units * package.credit_nano_usd,
        delivery=package.delivery,
        provider=price.provider,
        mode=mode,
        product_id=price.product_id,
        units=units,
        price_cents=units * price.price_cents,
        currency=price.currency,
    )
    note(order, OrderStep.Kind.CREATED)
    return order


def note(order: Order, kind: OrderStep.Kind, detail: str = "") -> None:
    """Add a line to the story of ``order``; ``detail`` must name no secret."""
    OrderStep.objects.create(order=order, kind=kind, detail=detail[:300])


def _customer(buyer: Buyer) -> Customer:
    return Customer.objects.create() if buyer.user is None else customers.of_user(buyer.user)


def _new_reference() -> str:
    """Return a reference that says nothing: not even how many orders there are."""
    return "ord_" + "".join(secrets.choice(_SYMBOLS) for _ in range(REFERENCE_LENGTH))
