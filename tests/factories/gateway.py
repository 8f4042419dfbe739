"""Models with prices, channels to a sandbox, and buyers who call."""

import uuid
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import api_keys
from gateway.models import Channel, Protocol
from gateway.services import channels
from ledger.models import Account, Entry, LanguageModel, ModelAlias
from ledger.money import NanoUSD, UnitRates, unit_rates
from ledger.services import accounts, entries, pricing, spending_keys
from ledger.services import credits as wallet_credits
from tests.checker import Price
from tests.factories.accounts import CustomerFactory
from tests.sandbox.running import UPSTREAM_KEY

PAID_MODEL, FREE_MODEL = "deepseek-chat", "sandbox-free"
MESSAGE_MODEL, EMBEDDING_MODEL = "claude-sonnet-5", "text-embedding-3-small"
PRICES = {
    PAID_MODEL: Price("0.45", "0.009", "0.45", "0.45"),
    FREE_MODEL: Price("0", "0", "0", "0"),
    MESSAGE_MODEL: Price("3", "0.3", "3.75", "15"),
    EMBEDDING_MODEL: Price("0.02", "0.0004", "0.02", "0"),
}
# The same prices, as the books keep them.
RATES = {
    PAID_MODEL: unit_rates(input=450_000_000, output=450_000_000),
    FREE_MODEL: unit_rates(input=0, output=0),
    MESSAGE_MODEL: UnitRates(
        input=3_000_000_000, cached_input=300_000_000, cache_write=3_750_000_000, output=15_000_000_000
    ),
    EMBEDDING_MODEL: unit_rates(input=20_000_000, output=0),
}


def model(name: str, *, is_free: bool = False, context: int = 64_000, output: int = 8_000) -> LanguageModel:
    """Offer a model at the price that it has here."""
    offered = LanguageModel.objects.create(
        name=name,
        vendor="sandbox",
        is_free=is_free,
        context_limit_tokens=context,
        output_limit_tokens=output,
        created_at=timezone.now(),
    )
    pricing.set_rate(offered, RATES.get(name, RATES[PAID_MODEL]))
    return offered


def channel(
    url: str, *models: LanguageModel, priority: int = 10, protocol: Protocol = Protocol.OPENAI
) -> Channel:
    """Open a channel to the sandbox at ``url``."""
    return channels.add(
        name=f"channel {uuid.uuid4().hex[:8]}",
        base_url=f"{url}/v1",
        key=UPSTREAM_KEY,
        models=models,
        priority=priority,
        protocol=protocol,
    )


@dataclass
class Buyer:
    """Somebody with an account and a key."""

    account: Account
    api_key: ApiKey
    key: str = field(repr=False)

    @property
    def balance(self) -> int:
        self.account.refresh_from_db()
        return self.account.balance_nano_usd


def buyer(credit: int = 10**9) -> Buyer:
    """Return a buyer with ``credit`` nano-USD in the wallet."""
    customer = CustomerFactory.create()
    issued = spending_keys.create(customer, name="test")
    account = accounts.open_for(customer)
    if credit:
        wallet_credits.grant(
            account,
            NanoUSD(credit),
            source=entries.PROMOTION,
            reference=f"grant:{uuid.uuid4()}",
            kind=Entry.Kind.GRANT,
        )
    return Buyer(account, issued.api_key, issued.secret_text)


def alias(name: str, *, of: str) -> None:
    """Let the model ``of`` answer to ``name`` too."""
    ModelAlias.objects.create(name=name, model=LanguageModel.objects.get(name=of))


def key_text(key_id: str, secret: str) -> str:
    """Return a key that is whole, whether or not anybody issued it."""
    body = f"{api_keys.PREFIX}{key_id}{secret}"
    return body + api_keys._checksum(body)
