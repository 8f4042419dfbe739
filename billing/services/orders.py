"""Placing orders: a row that says everything about the sale, before anybody else hears of it."""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from accounts.models import Customer, User
from accounts.services import customers
from billing.models import Mode, Order, OrderStep, Package, PackagePrice, Plan
from billing.services import order_numbers, rates

REFERENCE_LENGTH = 20
FORM_SALT = "billing.orders.form"
_SYMBOLS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys: a user, or a guest with an e-mail address, who reads ``language``."""

    email: str
    language: str
    user: User | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What is sold, through whom, and for how much: what an order copies. Prices are those of all units."""

    title: str
    title_zh: str
    provider: str
    price_cents: int
    currency: str
    credit_nano_usd: int
    kind: Order.Kind = Order.Kind.PACKAGE
    package: Package | None = None
    plan: Plan | None = None
    renews: bool = False
    tokens: int = 0
    delivery: Order.Delivery = Order.Delivery.AUTO
    product_id: str = ""
    units: int = 1
    # The published rate that it was priced at; the one that counts now, unless it is given.
    units_per_usd: Decimal | None = None


def of_package(price: PackagePrice, *, units: int = 1) -> Sale:
    """Return the sale of ``units`` of a package at one of its prices."""
    package = price.package
    return Sale(
        title=package.name,
        title_zh=package.name_zh,
        provider=price.provider,
        price_cents=units * price.price_cents,
        currency=price.currency,
        credit_nano_usd=units * package.credit_nano_usd,
        package=package,
        tokens=units * package.tokens,
        delivery=Order.Delivery(package.delivery),
        product_id=price.product_id,
        units=units,
    )


def place_once(sale: Sale, buyer: Buyer, *, mode: Mode, form: str) -> Order:
    """Place the order of one filled-in form: the same words, sent again or twice at once, are one order.

    ``form`` is a random word of the form and of the browser that has it.
    """
    reference = reference_of(form, sale, buyer)
    return once(reference, lambda: place(sale, buyer, mode=mode, reference=reference))


def once(reference: str, write_it: Callable[[], Order]) -> Order:
    """Return the order of that reference, written now unless it was before or is at this moment."""
    known = Order.objects.filter(reference=reference).first()
    if known is not None:
        return known
    try:
        return write_it()
    except IntegrityError:  # the other of two clicks was first
        return Order.objects.get(reference=reference)


@transaction.atomic(durable=True)
def place(sale: Sale, buyer: Buyer, *, mode: Mode, reference: str | None = None) -> Order:
    """Write the order for ``sale``, committed before a provider is asked."""
    return write(sale, buyer, mode=mode, reference=reference or new_reference())


def write(sale: Sale, buyer: Buyer, *, mode: Mode, reference: str) -> Order:
    """Write the order for ``sale`` in the caller's transaction, for a provider that nobody asks."""
    if sale.units_per_usd is None:
        sale = replace(sale, units_per_usd=rates.find(sale.currency))
    number = order_numbers.generate()
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
        mode=mode,
        **{each.name: getattr(sale, each.name) for each in fields(sale)},
    )
    note(order, OrderStep.Kind.CREATED)
    return order


def note(order: Order, kind: OrderStep.Kind, detail: str = "") -> None:
    """Add a line to the story of ``order``; ``detail`` must name no secret."""
    OrderStep.objects.create(order=order, kind=kind, detail=detail[:300])


def new_reference() -> str:
    """Return a reference that says nothing: not even how many orders there are."""
    return "ord_" + "".join(secrets.choice(_SYMBOLS) for _ in range(REFERENCE_LENGTH))


def reference_of(form: str, sale: Sale, buyer: Buyer) -> str:
    """Return the reference of the order that these words place. It says nothing, and nobody can choose it."""
    words = "|".join([form, str(sale), buyer.email.lower(), str(buyer.user.pk if buyer.user else "")])
    number = int.from_bytes(salted_hmac(FORM_SALT, words, algorithm="sha256").digest(), "big")
    return "ord_" + "".join(
        _SYMBOLS[number // len(_SYMBOLS) ** place % len(_SYMBOLS)] for place in range(REFERENCE_LENGTH)
    )


def _customer(buyer: Buyer) -> Customer:
    return Customer.objects.create() if buyer.user is None else customers.of_user(buyer.user)
