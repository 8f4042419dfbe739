"""The shop as tests furnish it: a package with a price, and orders at any point of their story."""

from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

from PIL import Image

from accounts.models import User
from billing.models import (
    AgentJob,
    AgentVendor,
    Mode,
    Order,
    Package,
    PackagePrice,
    Plan,
    PublishedRate,
    TransferChannel,
)
from billing.services import agents, orders, rates, transfers
from billing.services.orders import Buyer
from ledger.money import NANO_USD_PER_USD

PRODUCT_ID = "prod_standard"


def package(
    slug: str = "standard", *, price_cents: int = 1000, product_id: str = PRODUCT_ID, **facts: Any
) -> Package:
    """Offer a package, sold at Creem for ``price_cents`` USD; a yuan is an eighth of one."""
    rate()
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


def plan(slug: str = "starter", *, dollars: int = 10, **facts: Any) -> Plan:
    """Offer a plan that costs so many dollars and gives as much, with a bonus and a backup pool."""
    return Plan.objects.create(
        **{
            "slug": slug,
            "name": slug.capitalize(),
            "name_zh": "入门版",
            "price_cents": 100 * dollars,
            "base_nano_usd": dollars * NANO_USD_PER_USD,
            "daily_cap_nano_usd": dollars * NANO_USD_PER_USD // 10,
            "weekly_cap_nano_usd": dollars * NANO_USD_PER_USD * 3 // 10,
            "requests_per_minute": 20,
            "pass_product_id": f"prod_pass_{slug}",
            "recurring_product_id": f"prod_recurring_{slug}",
            **facts,
        }
    )


def rate(currency: str = "CNY", units: str = "8") -> None:
    """Publish a rate, unless there is one."""
    if not PublishedRate.objects.filter(currency=currency).exists():
        rates.publish(currency, Decimal(units), by=None)


def channel(slug: str = "alipay", *, currency: str = "CNY", **facts: Any) -> TransferChannel:
    """Open a channel of the transfer desk."""
    rate(currency, "8" if currency == "CNY" else "1")
    return TransferChannel.objects.create(
        **{
            "slug": slug,
            "name": slug.capitalize(),
            "name_zh": "支付宝",
            "currency": currency,
            "account": "account of the shop",
            "minimum_cents": 1000,
            **facts,
        }
    )


def transfer_order(
    through: TransferChannel | None = None,
    *,
    cents: int = 8000,
    user: User | None = None,
    language: str = "en",
) -> Order:
    """Place an order of credit that waits for a transfer, by a guest unless ``user`` is given."""
    through = through or channel()
    buyer = Buyer(email=user.email if user else "guest@example.com", language=language, user=user)
    sale = transfers.of_amount(through, cents, buyer)
    return transfers.place_once(through, sale, buyer, form=uuid4().hex, address=uuid4().hex)


def submitted_order(
    through: TransferChannel | None = None, *, reference: str = "TX-1234", **facts: Any
) -> Order:
    """Place an order of credit whose buyer has told of the transfer."""
    order = transfer_order(through, **facts)
    transfers.submit(order, reference=reference, screenshot=None, address=uuid4().hex)
    order.refresh_from_db()
    return order


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> BytesIO:
    """Return a file with a picture."""
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    file.seek(0)
    file.name = f"picture.{kind.lower()}"
    return file


def vendor(slug: str = "openai", **facts: Any) -> AgentVendor:
    """Offer top-ups at a vendor, from 5 to 500 USD, for 5 percent."""
    words = {"slug": slug, "name": "OpenAI", "name_zh": "OpenAI"}
    amounts = {"least_cents": 500, "most_cents": 50_000, "fee_percent": 5}
    return AgentVendor.objects.create(**{**words, **amounts, **facts})


def agent_order(*, cents: int = 2000, email: str = "guest@example.com", language: str = "en") -> Order:
    """Place an order of a top-up that waits for a transfer; each through a channel of its own."""
    through, at = channel(uuid4().hex[:8]), vendor(uuid4().hex[:8])
    at.refresh_from_db()
    priced = agents.quote(at, cents)
    job = AgentJob(vendor=at, account_email="me@example.org", amount_cents=cents, fee_cents=priced.fee_cents)
    buyer = Buyer(email=email, language=language)
    return agents.place_once(through, job, priced, buyer, form=uuid4().hex, address=uuid4().hex)
