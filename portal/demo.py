"""Demo data: enough to try everything at once on a fresh installation.

Only `manage.py up` and `manage.py load_demo` load it. What is there already stays as people have changed it.
"""

from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.models import ApiKey, User
from accounts.services import customers
from gateway.models import Channel
from gateway.services import channels
from ledger.models import Entry, LanguageModel, ModelAlias
from ledger.money import UnitRates, usd
from ledger.services import accounts, credits, entries, pricing, spending_keys  # noqa: A004 - the word of the house

UPSTREAM_KEY = "sandbox-upstream-key"
CHANNEL_NAME = "Sandbox"
WELCOME_CREDIT = usd("5")


class Login(NamedTuple):
    """Somebody to try the site as."""

    role: str
    email: str
    password: str


class DemoModel(NamedTuple):
    """A model of the demo shop, its rates in USD per million tokens: input, cached input, output."""

    name: str
    vendor: str
    aliases: tuple[str, ...]
    context_tokens: int
    output_tokens: int
    rates: tuple[str, str, str]
    is_free: bool = False


ADMINISTRATOR = Login("administrator", "admin@example.com", "purser-admin-demo")
BUYER = Login("buyer", "buyer@example.com", "purser-buyer-demo")
LOGINS = (ADMINISTRATOR, BUYER)

MODELS = (
    DemoModel("deepseek-chat", "DeepSeek", ("deepseek-v3",), 131_072, 8_192, ("0.45", "0.009", "0.45")),
    DemoModel("deepseek-reasoner", "DeepSeek", ("deepseek-r1",), 131_072, 65_536, ("0.70", "0.014", "2.50")),
    DemoModel("gpt-oss-120b", "OpenAI", ("openai/gpt-oss-120b",), 131_072, 32_768, ("0.15", "0.003", "0.60")),
    DemoModel("glm-4-flash", "Zhipu", (), 131_072, 4_096, ("0", "0", "0"), is_free=True),
)


@transaction.atomic
def load() -> None:
    """Load what is missing of the demo data."""
    _person(ADMINISTRATOR, is_staff=True)
    _give_credit_and_key(_person(BUYER, is_staff=False))
    offered = [_model(model) for model in MODELS]
    if not Channel.objects.filter(name=CHANNEL_NAME).exists():
        base_url = f"http://127.0.0.1:{settings.SANDBOX_PORT}/v1"
        channels.add(name=CHANNEL_NAME, base_url=base_url, key=UPSTREAM_KEY, models=offered)


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
        },
    )
    if is_new:
        pricing.set_rate(model, UnitRates(*(usd(rate) for rate in demo.rates)))
        ModelAlias.objects.bulk_create(ModelAlias(name=alias, model=model) for alias in demo.aliases)
    return model
