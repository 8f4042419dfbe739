"""Whether the providers sell what the shop offers, for the price that it says."""

from collections.abc import Iterator

from django.conf import settings

from billing.models import PackagePrice, Plan, Provider
from billing.providers.creem.answers import Product
from billing.providers.errors import NotKnownThere, WrongMode
from billing.services import topups, wiring


def faults_at_creem() -> list[str]:
    """Ask Creem about the products of offered packages and plans, and of top-ups, and say what does not fit.

    Whoever pays for a product that does not fit gets nothing before a person has looked at it. A provider
    that cannot be asked raises ProviderError.
    """
    faults = _topup_faults()
    prices = PackagePrice.objects.filter(package__is_offered=True, provider=Provider.CREEM)
    faults += _pass_faults()
    return faults + [
        f"{price.package.slug}, {price}, product {price.product_id}: {fault}"
        for price in prices.select_related("package").order_by("package__position", "pk")
        for fault in _faults(price)
    ]


def _topup_faults() -> list[str]:
    product_id = settings.CREEM_TOPUP_PRODUCT_ID
    if not product_id:
        return []
    a_dollar = PackagePrice(
        currency=topups.CURRENCY, price_cents=topups.CENTS_PER_DOLLAR, product_id=product_id
    )
    return [f"top-ups, {a_dollar}, product {product_id}: {fault}" for fault in _faults(a_dollar)]


def _pass_faults() -> list[str]:
    plans = Plan.objects.offered().exclude(pass_product_id="")
    return [
        f"plan {plan.slug}, {price}, product {price.product_id}: {fault}"
        for plan in plans
        for price in [PackagePrice(price_cents=plan.price_cents, product_id=plan.pass_product_id)]
        for fault in _faults(price)
    ]


def _faults(price: PackagePrice) -> list[str]:
    store = wiring.creem()
    try:
        product = store.get_product(price.product_id)
    except NotKnownThere:
        return [f"Creem has no such product in {store.mode} mode."]
    except WrongMode:
        return [f"it is no product of {store.mode} mode."]
    return list(_differences(price, product))


def _differences(price: PackagePrice, product: Product) -> Iterator[str]:
    if product.currency != price.currency:
        yield f"Creem sells it in {product.currency}."
    if product.price_cents != price.price_cents:
        yield f"Creem charges {product.price_cents} hundredths for it, not {price.price_cents}."
    if product.is_recurring:
        yield "it is a subscription at Creem, and is paid once here."
    if not product.is_active:
        yield "it is not active at Creem."
