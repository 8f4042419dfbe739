"""Models with prices, accounts with credit, keys that spend it, and calls of all of them."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import factory

from accounts.models import ApiKey
from ledger.models import Account, AccountAllowance, Entry, KeyAllowance, LanguageModel, Rate, UsageRecord
from ledger.money import NanoUSD, UnitRates
from ledger.services import accounts, credits, entries  # noqa: A004 - the word of the house
from ledger.services.entries import Movement, Place
from ledger.services.holds import ReserveRequest, SettleRequest
from tests.factories.accounts import CustomerFactory

# Easy to count with: a token of input costs 1 nano-USD, one of output 2, fifty from the cache 1.
RATES = UnitRates(input=1_000_000, cached_input=20_000, cache_write=1_000_000, output=2_000_000)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class ModelFactory(factory.django.DjangoModelFactory[LanguageModel]):
    """A model that nobody has given a price yet; `priced` gives one."""

    class Meta:
        model = LanguageModel

    name = factory.Sequence(lambda number: f"model-{number}")
    context_limit_tokens = 100_000
    output_limit_tokens = 8_000


def priced(rates: UnitRates = RATES, **facts: Any) -> LanguageModel:
    """Return a model that has been on offer at that price for long."""
    model = ModelFactory.create(**facts)
    Rate.objects.create(
        model=model,
        version=1,
        effective_from=LONG_AGO,
        input_nano_usd_per_million=rates.input,
        cached_input_nano_usd_per_million=rates.cached_input,
        cache_write_nano_usd_per_million=rates.cache_write,
        output_nano_usd_per_million=rates.output,
    )
    return model


class AccountFactory(factory.django.DjangoModelFactory[Account]):
    """The account of somebody new, as the ledger opens it."""

    class Meta:
        model = Account

    customer = factory.SubFactory(CustomerFactory)

    @classmethod
    def _create(cls, model_class: type[Account], *_: Any, **facts: Any) -> Account:
        return accounts.open_for(facts["customer"])


def give(account: Account, amount: int, *, reference: str = "") -> Entry:
    """Put credit into the wallet."""
    return credits.grant(
        account,
        NanoUSD(amount),
        source=entries.PROMOTION,
        reference=reference or f"test:{uuid.uuid4()}",
        kind=Entry.Kind.GRANT,
    )


def fill(pool: Place, amount: int) -> Entry:
    """Put credit into a pool of a plan, which pays for every model."""
    AccountAllowance.objects.filter(account=pool.account).update(all_models=True)
    return entries.post(
        reference=f"test:{uuid.uuid4()}",
        kind=Entry.Kind.GRANT,
        movements=[Movement(entries.PLANS, pool, NanoUSD(amount))],
    )


def funded(wallet: int = 0, *, main: int = 0, backup: int = 0) -> Account:
    """Return an account with so much in each pool."""
    account = AccountFactory.create()
    if main:
        fill(entries.main(account), main)
    if backup:
        fill(entries.backup(account), backup)
    if wallet:
        give(account, wallet)
    account.refresh_from_db()
    return account


@dataclass
class Spender:
    """A key that spends an account, with what proves it."""

    account: Account
    api_key: ApiKey
    secret_hash: bytes

    @property
    def allowance(self) -> KeyAllowance:
        return KeyAllowance.objects.get(api_key=self.api_key)


def spender(account: Account | None = None, **pools: int) -> Spender:
    """Return a key of ``account``, or of a new one with so much in its pools."""
    account = account or funded(**pools)
    secret_hash = hashlib.sha256(uuid.uuid4().bytes).digest()
    api_key = ApiKey.objects.create(
        customer=account.customer,
        name="test",
        key_id=uuid.uuid4().hex[:12],
        secret_hash=secret_hash,
        pepper_version=1,
        last_four="last",
    )
    KeyAllowance.objects.create(api_key=api_key, account=account)
    return Spender(account, api_key, secret_hash)


def call(by: Spender, model: LanguageModel, **facts: Any) -> ReserveRequest:
    """Return a call of 100 tokens of input at most, that asks for 50 of output: 200 nano-USD at `RATES`."""
    return ReserveRequest(
        **{
            "request_id": uuid.uuid4(),
            "key_id": by.api_key.key_id,
            "secret_hashes": [by.secret_hash],
            "model_id": model.pk,
            "input_bound_tokens": 100,
            "asked_output_tokens": 50,
            "choices": 1,
            "lifetime_seconds": 900,
            "client_address": "",
            **facts,
        }
    )


def report(request: ReserveRequest, **facts: Any) -> SettleRequest:
    """Return the report of a call that used 60 tokens of input and 20 of output: 100 nano-USD at `RATES`."""
    return SettleRequest(
        **{
            "request_id": request.request_id,
            "outcome": UsageRecord.Outcome.COMPLETE,
            "input_tokens": 60,
            "cached_input_tokens": 0,
            "cache_write_tokens": 0,
            "output_tokens": 20,
            "reasoning_tokens": 0,
            "is_estimated": False,
            "upstream_id": "answer-1",
            **facts,
        }
    )
