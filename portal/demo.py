"""Demo data: enough to try everything at once on a fresh installation.

Only `manage.py up` and `manage.py load_demo` load it. What is there already stays as people have changed it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.models import ApiKey, User
from accounts.services import customers
from billing.models import AgentVendor, Package, PackagePrice, Plan, Provider, PublishedRate, TransferChannel
from billing.services import rates
from gateway.models import Channel, Protocol
from gateway.services import channels
from ledger.models import Entry, LanguageModel, ModelAlias
from ledger.money import NANO_USD_PER_CREDIT, UnitRates, unit_rates, usd
from ledger.services import accounts, credits, entries, pricing, spending_keys  # noqa: A004 - the word of the house

UPSTREAM_KEY = "sandbox-upstream-key"
CHANNEL_NAMES = {Protocol.OPENAI: "Sandbox", Protocol.ANTHROPIC: "Sandbox, as Anthropic"}
WELCOME_CREDIT = usd("5")


class Login(NamedTuple):
    """Somebody to try the site as."""

    role: str
    email: str
    password: str


class DemoModel(NamedTuple):
    """A model of the demo shop, its rates in USD per million tokens: input and output.

    ``cache_rates`` are those of reading and writing the model's cache where they are not the usual ones.
    """

    name: str
    vendor: str
    aliases: tuple[str, ...]
    context_tokens: int
    output_tokens: int
    rates: tuple[str, str]
    cache_rates: tuple[str, str] | None = None
    protocol: Protocol = Protocol.OPENAI
    is_free: bool = False
    # Where `import_rates` looks what it costs.
    rates_source: str = ""


class DemoPackage(NamedTuple):
    """A package of the demo shop: words in English and Chinese, price in yuan, size in million tokens."""

    slug: str
    name: tuple[str, str]
    list_price_yuan: int
    million_tokens: int
    purpose: tuple[str, str]
    badge: tuple[str, str] = ("", "")

    @property
    def product_id(self) -> str:
        """The product at Creem that it is sold as."""
        return f"prod_demo_{self.slug}"

    @property
    def list_price_cents(self) -> int:
        """The published price, in fen."""
        return 100 * self.list_price_yuan

    @property
    def price_cents(self) -> int:
        """What Creem charges, in US cents."""
        return -(-self.list_price_cents // PUBLISHED_RATES["CNY"])


class DemoPlan(NamedTuple):
    """A plan of the demo shop: words in English and Chinese, price in USD, size and caps in credits."""

    slug: str
    name: tuple[str, str]
    price_usd: int
    base_credits: int
    daily_cap_credits: int
    weekly_cap_credits: int
    requests_per_minute: int

    @property
    def pass_product_id(self) -> str:
        """The product at Creem that 30 days of it are sold as."""
        return f"prod_demo_pass_{self.slug}"

    @property
    def recurring_product_id(self) -> str:
        """The product at Creem that it is sold as when it renews every month."""
        return f"prod_demo_recurring_{self.slug}"


class DemoChannel(NamedTuple):
    """A channel of the transfer desk, with an account that nobody has."""

    slug: str
    name: tuple[str, str]
    currency: str
    account: str
    minimum: int
    qr_text: str = ""


# A top-up of the wallet by card is so many of this.
TOPUP_PRODUCT: dict[str, str | int] = {
    "id": "prod_demo_topup",
    "name": "Credit 额度",
    "price": 100,
    "currency": PackagePrice.Currency.USD,
}
ADMINISTRATOR = Login("administrator", "admin@example.com", "purser-admin-demo")
BUYER = Login("buyer", "buyer@example.com", "purser-buyer-demo")
LOGINS = (ADMINISTRATOR, BUYER)

MODELS = (
    DemoModel(
        "deepseek-chat", "DeepSeek", ("deepseek-v3",), 131_072, 8_192, ("0.45", "0.45"),
        rates_source="deepseek/deepseek-chat",
    ),
    DemoModel(
        "deepseek-reasoner", "DeepSeek", ("deepseek-r1",), 131_072, 65_536, ("0.70", "2.50"),
        rates_source="deepseek/deepseek-reasoner",
    ),
    DemoModel(
        "gpt-oss-120b", "OpenAI", ("openai/gpt-oss-120b",), 131_072, 32_768, ("0.15", "0.60"),
        rates_source="groq/openai/gpt-oss-120b",
    ),
    DemoModel("glm-4-flash", "Zhipu", (), 131_072, 4_096, ("0", "0"), is_free=True),
    DemoModel(
        "claude-sonnet-5",
        "Anthropic",
        (),
        200_000,
        64_000,
        ("3", "15"),
        ("0.3", "3.75"),
        Protocol.ANTHROPIC,
        rates_source="anthropic/claude-sonnet-5",
    ),
    DemoModel(
        "text-embedding-3-small", "OpenAI", (), 8_192, 1, ("0.02", "0"),
        rates_source="openai/text-embedding-3-small",
    ),
)  # fmt: skip
PUBLISHED_RATES = {"CNY": 8, "USD": 1, "USDT": 1, "USDC": 1, "FDUSD": 1, "DAI": 1}
TRANSFER_CHANNELS = (
    DemoChannel("alipay", ("Alipay", "支付宝"), "CNY", "pay@example.invalid", 10, "demo-alipay"),
    DemoChannel("wechat", ("WeChat Pay", "微信支付"), "CNY", "demo-wechat", 10, "demo-wechat"),
    DemoChannel("okx", ("OKX", "欧易"), "USDT", "UID 000 000 001 (demo)", 5),
    DemoChannel("binance", ("Binance", "币安"), "USDT", "UID 000 000 002 (demo)", 5),
    DemoChannel("bybit", ("Bybit", "Bybit"), "USDC", "UID 000 000 003 (demo)", 5),
    DemoChannel(
        "other-chain", ("Other chain", "其他链"), "USDT", "DEMO-ADDRESS-NOBODY-HAS-THIS", 10,
        "DEMO-ADDRESS-NOBODY-HAS-THIS",
    ),
)  # fmt: skip
# Whose accounts the demo shop tops up by hand, for a fee of 5 percent.
AGENT_VENDORS = {"openai": "OpenAI", "anthropic": "Anthropic"}
# No picture is more to any of them; most make less of one.
MEDIA_PART_TOKENS = 4_096
# What a million tokens of deepseek-chat cost: packages are counted in them.
REFERENCE_RATE = usd("0.45")
PACKAGES = (
    DemoPackage("trial", ("Trial", "体验包"), 22, 5, ("A quick test", "快速试用")),
    DemoPackage("starter", ("Starter", "入门包"), 36, 9, ("Personal projects", "个人项目")),
    DemoPackage(
        "standard", ("Standard", "标准包"), 65, 17,
        ("Daily work with several tools", "日常工作，多种工具"), ("Most popular", "最受欢迎"),
    ),
    DemoPackage(
        "professional", ("Professional", "专业包"), 137, 38,
        ("Teams and heavy use", "团队与高频使用"), ("Best value", "最划算"),
    ),
)  # fmt: skip
PLANS = (
    DemoPlan("starter", ("Starter", "入门版"), 10, 1_000, 100, 300, 20),
    DemoPlan("premium", ("Premium", "高级版"), 25, 2_500, 250, 750, 40),
    DemoPlan("pro", ("Pro", "专业版"), 50, 5_000, 500, 1_500, 60),
    DemoPlan("master", ("Master", "大师版"), 100, 10_000, 1_000, 3_000, 80),
    DemoPlan("ultra", ("Ultra", "旗舰版"), 200, 20_000, 2_000, 6_000, 120),
)


@transaction.atomic
def load() -> None:
    """Load what is missing of the demo data."""
    _person(ADMINISTRATOR, is_staff=True)
    _give_credit_and_key(_person(BUYER, is_staff=False))
    offered = [(model.protocol, _model(model)) for model in MODELS]
    for protocol in CHANNEL_NAMES:
        _channel(protocol, [model for spoken, model in offered if spoken is protocol])
    for position, package in enumerate(PACKAGES):
        _package(package, position)
    for position, plan in enumerate(PLANS):
        _plan(plan, position)
    for position, (slug, name) in enumerate(AGENT_VENDORS.items()):
        _agent_vendor(slug, name, position)
    for currency, units in PUBLISHED_RATES.items():
        _rate(currency, units)
    for position, channel in enumerate(TRANSFER_CHANNELS):
        _transfer_channel(channel, position)


def products() -> list[dict[str, str | int]]:
    """Return what the sandbox's Creem has to sell, so that everything can be bought by card."""
    passes, monthly = map(_pass_product, PLANS), map(_recurring_product, PLANS)
    return [TOPUP_PRODUCT, *map(_product, PACKAGES), *passes, *monthly]


def _product(package: DemoPackage) -> dict[str, str | int]:
    return {
        "id": package.product_id,
        "name": f"{package.name[0]} {package.name[1]}",
        "price": package.price_cents,
        "currency": PackagePrice.Currency.USD,
    }


def _pass_product(plan: DemoPlan) -> dict[str, str | int]:
    return {
        "id": plan.pass_product_id,
        "name": f"{plan.name[0]} {plan.name[1]}",
        "price": 100 * plan.price_usd,
        "currency": PackagePrice.Currency.USD,
    }


def _recurring_product(plan: DemoPlan) -> dict[str, str | int]:
    monthly = {"billing_type": "recurring", "billing_period": "every-month"}
    return {**_pass_product(plan), "id": plan.recurring_product_id, **monthly}


def _person(login: Login, *, is_staff: bool) -> User:
    known = User.objects.filter(email=login.email).first()
    if known is not None:
        return known
    make = User.objects.create_superuser if is_staff else User.objects.create_user
    user = make(login.email, login.password)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def _give_credit_and_key(user: User) -> None:
    customer = customers.of_user(user)
    account = accounts.open_for(customer)
    credits.grant(
        account,
        WELCOME_CREDIT,
        source=entries.PROMOTION,
        reference=f"demo:welcome:{account.pk}",
        kind=Entry.Kind.GRANT,
        note="Demo credit",
    )
    if not ApiKey.objects.filter(customer=customer).exists():
        spending_keys.create(customer, name="First key")


def _model(demo: DemoModel) -> LanguageModel:
    model, is_new = LanguageModel.objects.get_or_create(
        name=demo.name,
        defaults={
            "vendor": demo.vendor,
            "is_free": demo.is_free,
            "context_limit_tokens": demo.context_tokens,
            "output_limit_tokens": demo.output_tokens,
            "media_part_limit_tokens": MEDIA_PART_TOKENS,
            "rates_source": demo.rates_source,
        },
    )
    if is_new:
        pricing.set_rate(model, _rates(demo))
        ModelAlias.objects.bulk_create(ModelAlias(name=alias, model=model) for alias in demo.aliases)
    return model


def _rates(demo: DemoModel) -> UnitRates:
    read, written = (usd(rate) for rate in demo.rates)
    if demo.cache_rates is None:
        return unit_rates(input=read, output=written)
    from_cache, to_cache = (usd(rate) for rate in demo.cache_rates)
    return UnitRates(input=read, cached_input=from_cache, cache_write=to_cache, output=written)


def _channel(protocol: Protocol, models: Sequence[LanguageModel]) -> None:
    name = CHANNEL_NAMES[protocol]
    if not Channel.objects.filter(name=name).exists():
        base_url = f"http://127.0.0.1:{settings.SANDBOX_PORT}/v1"
        channels.add(name=name, base_url=base_url, key=UPSTREAM_KEY, models=models, protocol=protocol)


def _package(demo: DemoPackage, position: int) -> None:
    name, name_zh = demo.name
    purpose, purpose_zh = demo.purpose
    badge, badge_zh = demo.badge
    package, is_new = Package.objects.get_or_create(
        slug=demo.slug,
        defaults={
            "name": name,
            "name_zh": name_zh,
            "purpose": purpose,
            "purpose_zh": purpose_zh,
            "badge": badge,
            "badge_zh": badge_zh,
            "list_price_cents": demo.list_price_cents,
            "list_currency": "CNY",
            "tokens": demo.million_tokens * 1_000_000,
            "credit_nano_usd": demo.million_tokens * REFERENCE_RATE,
            "position": position,
        },
    )
    if is_new:
        PackagePrice.objects.create(package=package, price_cents=demo.price_cents, product_id=demo.product_id)
        PackagePrice.objects.create(
            package=package, provider=Provider.NOWPAYMENTS, price_cents=demo.price_cents
        )


def _plan(demo: DemoPlan, position: int) -> None:
    Plan.objects.get_or_create(
        slug=demo.slug,
        defaults={
            "name": demo.name[0],
            "name_zh": demo.name[1],
            "price_cents": 100 * demo.price_usd,
            "base_nano_usd": demo.base_credits * NANO_USD_PER_CREDIT,
            "daily_cap_nano_usd": demo.daily_cap_credits * NANO_USD_PER_CREDIT,
            "weekly_cap_nano_usd": demo.weekly_cap_credits * NANO_USD_PER_CREDIT,
            "requests_per_minute": demo.requests_per_minute,
            "pass_product_id": demo.pass_product_id,
            "recurring_product_id": demo.recurring_product_id,
            "position": position,
        },
    )


def _rate(currency: str, units: int) -> None:
    if not PublishedRate.objects.filter(currency=currency).exists():
        rates.publish(currency, Decimal(units), by=None)


def _transfer_channel(demo: DemoChannel, position: int) -> None:
    TransferChannel.objects.get_or_create(
        slug=demo.slug,
        defaults={
            "name": demo.name[0],
            "name_zh": demo.name[1],
            "currency": demo.currency,
            "account": demo.account,
            "instructions": "Quote the memo with the transfer, then enter its reference on the order's page.",
            "instructions_zh": "转账时请填写备注，然后在订单页面填写交易号。",
            "qr_text": demo.qr_text,
            "minimum_cents": 100 * demo.minimum,
            "position": position,
        },
    )


def _agent_vendor(slug: str, name: str, position: int) -> None:
    AgentVendor.objects.get_or_create(
        slug=slug,
        defaults={
            "name": name,
            "name_zh": name,
            "least_cents": 500,
            "most_cents": 50_000,
            "fee_percent": 5,
            "position": position,
        },
    )
