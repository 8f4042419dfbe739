"""The shop as tests furnish it: a package with a price, and orders at any point of their story."""

from typing import Any

from accounts.models import User
from billing.models import Mode, Order, Package, PackagePrice
from billing.services import orders
from billing.services.orders import Buyer

PRODUCT_ID = "prod_standard"


def package(
    slug: str = "standard", *, price_cents: int = 1000, product_id: str = PRODUCT_ID, **facts: Any
) -> Package:
    """Offer a package, sold at Creem for ``price_cents`` USD."""
    made = Package.objects.create(
        **{
            "slug": slug,
            "name": slug.capitalize(),
            "name_zh": "标准包",
            "list_price_cents": 6500,
            "list_currency": "CNY",
            "tokens": 17_000_000,
            "credit_nano_usd": 7_650_000_000,
            **facts,
        }
    )
    PackagePrice.objects.create(package=made, price_cents=price_cents, product_id=product_id)
    return made


def order(
    of: Package | None = None,
    *,
    user: User | None = None,
    email: str = "guest@example.com",
    language: str = "en",
) -> Order:
    """Place an order of a package, by a guest unless ``user`` is given; its state is CREATED."""
    [price] = (of or package()).prices.all()
    buyer = Buyer(email=user.email if user else email, language=language, user=user)
    return orders.place(orders.of_package(price), buyer, mode=Mode.TEST)
