"""A shop for the ledger's benchmarks: one model, and any number of customers with credit and a key."""

import hashlib
import random
import uuid
from functools import cache

import psycopg

from ledger.models import LanguageModel, UsageRecord
from ledger.money import unit_rates
from ledger.services import pricing
from ledger.services.holds import ReserveRequest, SettleRequest

# Customers are numbers, and so are their keys, secrets and accounts. Written past the product, because
# millions take their time; without foreign keys, because each would be looked up.
WITHOUT_FOREIGN_KEYS = """
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) from pg_constraint
    where contype = 'f' and conrelid::regclass::text in ('accounts_customer', 'accounts_apikey',
        'ledger_account', 'ledger_accountallowance', 'ledger_keyallowance')
"""
CUSTOMERS = [
    """insert into accounts_customer (id, created_at) select number, now()""",
    """insert into accounts_apikey
        (id, customer_id, name, key_id, secret_hash, pepper_version, last_four, state, created_at)
    select number, number, 'bench', to_char(number, 'FM000000000000'), sha256(number::text::bytea), 1,
        'last', 'active', now()""",
    """insert into ledger_account
        (id, customer_id, opened_at, main_balance_nano_usd, main_held_nano_usd, backup_balance_nano_usd,
        backup_held_nano_usd, wallet_balance_nano_usd, wallet_held_nano_usd, debt_nano_usd, open_holds,
        day_spent_nano_usd, day_requests, week_spent_nano_usd, budget_spent_nano_usd)
    select number, number, now(), 0, 0, 0, 0, 1000000000000, 0, 0, 0, 0, 0, 0, 0""",
    """insert into ledger_accountallowance (account_id, open_calls, all_models, wallet_while_planned)
     select number, 16, false, true""",
    """insert into ledger_keyallowance
        (api_key_id, account_id, requests, spent_nano_usd, held_nano_usd, day_spent_nano_usd,
        month_spent_nano_usd)
    select number, number, 0, 0, 0, 0, 0""",
]


def offer_a_model() -> int:
    """Offer one model at the price of the demo shop; return its key."""
    model = LanguageModel.objects.create(
        name="bench", context_limit_tokens=131_072, output_limit_tokens=8_192
    )
    pricing.set_rate(model, unit_rates(input=450_000_000, output=450_000_000))
    return model.pk


def open_accounts(url: str, first: int, last: int) -> None:
    """Make the customers from ``first`` to ``last``, and let the database see how many they are."""
    with psycopg.connect(url, autocommit=True, options="-c statement_timeout=0") as connection:
        for (statement,) in connection.execute(WITHOUT_FOREIGN_KEYS).fetchall():
            connection.execute(statement)
        for insert in CUSTOMERS:
            connection.execute(f"{insert} from generate_series(%s::bigint, %s) as number", [first, last])
        connection.execute("vacuum analyze")


@cache
def secret_hashes(customer: int) -> list[bytes]:
    """Return the secret of ``customer`` as the gateway would hash it."""
    return [hashlib.sha256(str(customer).encode()).digest()]


def call(model_id: int, customer: int) -> ReserveRequest:
    """Return a call of ``customer``: 3,000 tokens of input at most, 500 of output."""
    return ReserveRequest(
        request_id=uuid.uuid4(),
        key_id=f"{customer:012}",
        secret_hashes=secret_hashes(customer),
        model_id=model_id,
        input_bound_tokens=3_000,
        asked_output_tokens=500,
        choices=1,
        lifetime_seconds=900,
        client_address="203.0.113.7",
    )


def report(request: ReserveRequest) -> SettleRequest:
    """Return how that call ended."""
    return SettleRequest(
        request_id=request.request_id,
        outcome=UsageRecord.Outcome.COMPLETE,
        input_tokens=1_800,
        cached_input_tokens=700,
        cache_write_tokens=0,
        output_tokens=random.randint(1, 500),
        reasoning_tokens=0,
        is_estimated=False,
        upstream_id=f"chatcmpl-{request.request_id.hex}",
    )
