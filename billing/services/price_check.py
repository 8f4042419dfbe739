"""Whether the providers sell what the shop offers, for the price that it says."""

from collections.abc import Callable, Iterable, Iterator

from django.conf import settings

from billing.models import PackagePrice, Plan, Provider
from billing.providers.creem.answers import EVERY_MONTH, Product
from billing.providers.errors import NotKnownThere, WrongMode
from billing.services import topups, wiring


def faults_at_creem() -> list[str]:
    """Ask Creem about the products of offered packages and plans, and of top-ups, and say what does not fit.

    Whoever pays for a product that does not fit gets nothing before a person has looked at it. A provider
    that cannot be asked raises ProviderError.
    """
    offered = PackagePrice.objects.filter(package__is_offered=True, provider=Provider.CREEM)
    packages = offered.select_related("package").order_by("package__position", "pk")
    once = [*_topups(), *_passes(), *((price.package.slug, price) for price in packages)]
    return [*_all_faults(once, _faults_of_payment), *_all_faults(_monthly(), _faults_of_renewal)]


def _all_faults(
    sold: Iterable[tuple[str, PackagePrice]], of_billing: Callable[[Product], Iterator[str]]
) -> Iterator[str]:
    for what, price in sold:
        for fault in _faults(price, of_billing):
            yield f"{what}, {price}, product {price.product_id}: {fault}"


def _topups() -> Iterator[tuple[str, PackagePrice]]:
    if settings.CREEM_TOPUP_PRODUCT_ID:
        yield "top-ups", _in_usd(topups.CENTS_PER_DOLLAR, settings.CREEM_TOPUP_PRODUCT_ID)


def _passes() -> Iterator[tuple[str, PackagePrice]]:
    for plan in Plan.objects.offered().exclude(pass_product_id=""):
        yield f"plan {plan.slug}", _in_usd(plan.price_cents, plan.pass_product_id)


def _monthly() -> Iterator[tuple[str, PackagePrice]]:
    for plan in Plan.objects.offered().exclude(recurring_product_id=""):
        yield f"plan {plan.slug} that renews", _in_usd(plan.price_cents, plan.recurring_product_id)


def _in_usd(price_cents: int, product_id: str) -> PackagePrice:
    """Return the price of what is sold without being a package."""
    return PackagePrice(currency=PackagePrice.Currency.USD, price_cents=price_cents, product_id=product_id)


def _faults(price: PackagePrice, of_billing: Callable[[Product], Iterator[str]]) -> list[str]:
    store = wiring.creem()
    try:
        product = store.get_product(price.product_id)
    except NotKnownThere:
        return [f"Creem has no such product in {store.mode} mode."]
    except WrongMode:
        return [f"it is no product of {store.mode} mode."]
    inactive = [] if product.is_active else ["it is not active at Creem."]
    return [*_differences(price, product), *of_billing(product), *inactive]


def _differences(price: PackagePrice, product: Product) -> Iterator[str]:
    if product.currency != price.currency:
        yield f"Creem sells it in {product.currency}."
    if product.price_cents != price.price_cents:
        yield f"Creem charges {product.price_cents} hundredths for it, not {price.price_cents}."


def _faults_of_payment(product: Product) -> Iterator[str]:
    if product.is_recurring:
        yield "it is a subscription at Creem, and is paid once here."


def _faults_of_renewal(product: Product) -> Iterator[str]:
    if not product.is_recurring:
        yield "it is paid once at Creem, and is to renew here."
    elif product.billing_period != EVERY_MONTH:
        yield f"Creem charges it {product.billing_period}, not {EVERY_MONTH}."
