"""Receipts: all that the books know of one call, for the key that made it and for the account's owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django import db
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from ledger.models import Account, UsageRecord
from ledger.money import NanoUSD, UnitRates
from ledger.services import networks
from ledger.services.holds import RefusalReason


class State(StrEnum):
    """How far a call has come, or how it ended."""

    OPEN = "open"
    COMPLETE = "complete"
    CLIENT_GONE = "client_gone"
    UPSTREAM_FAILED = "upstream_failed"
    EXPIRED = "expired"
    LATE = "late"  # it had expired when its settlement came, and cost nothing

    @property
    def label(self) -> str | Promise:
        """Return the state in words."""
        own = {State.OPEN: _("running"), State.LATE: _("settled too late")}
        return own.get(self) or UsageRecord.Outcome(self.value).label


class Tokens(NamedTuple):
    """What a call used, by kind. Reasoning is a part of the output."""

    input: int
    cached_input: int
    cache_write: int
    output: int
    reasoning: int


class Pools(NamedTuple):
    """So much of each pool."""

    main: NanoUSD
    backup: NanoUSD
    wallet: NanoUSD

    @property
    def sum(self) -> NanoUSD:
        """Return all pools together."""
        return NanoUSD(self.main + self.backup + self.wallet)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One call. While it is open it has cost nothing yet, and `held` is the most that it can cost."""

    request_id: UUID
    state: State
    model: str
    key_name: str
    reserved_at: datetime
    ended_at: datetime | None
    tokens: Tokens
    is_free: bool
    rate_version: int
    rates: UnitRates
    paid: Pools
    held: Pools
    # What the report cost beyond the hold: the shop's loss.
    uncharged_nano_usd: NanoUSD
    is_estimated: bool

    @property
    def cost_nano_usd(self) -> NanoUSD:
        """Return what the customer paid for the call."""
        return self.paid.sum


async def of_key(
    connection: AsyncConnection,
    request_id: UUID,
    *,
    key_id: str,
    secret_hashes: Sequence[bytes],
    client_address: str,
) -> Receipt | RefusalReason | None:
    """Return the receipt of a call that this key has made, or why the key is told nothing.

    None is the one answer for a call that never was and for a call of another key. A frozen account may
    still read its receipts.
    """
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        OF_KEY_SQL,
        {
            "request_id": request_id,
            "key_id": key_id,
            "secret_hashes": list(secret_hashes),
            "client_address": networks.plain_address(client_address),
        },
    )
    [row] = await cursor.fetchall()
    if row["fault"] is not None:
        return RefusalReason(row["fault"])
    return _receipt(row) if row["request_id"] else None


def of_account(account: Account, request_id: UUID) -> Receipt | None:
    """Return the receipt of a call of ``account``, or of one that was merged into it; else None."""
    with db.connection.cursor() as cursor:
        cursor.execute(OF_ACCOUNT_SQL, {"request_id": request_id, "account_id": account.pk})
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    return _receipt(dict(zip(names, rows[0], strict=True))) if rows else None


def _receipt(row: Mapping[str, Any]) -> Receipt:
    return Receipt(
        request_id=row["request_id"],
        state=State(row["state"]),
        model=row["model"],
        key_name=row["key_name"],
        reserved_at=row["reserved_at"],
        ended_at=row["ended_at"],
        tokens=Tokens(*row["tokens"]),
        is_free=row["is_free"],
        rate_version=row["rate_version"],
        rates=UnitRates(*row["rates"]),
        paid=Pools(*row["paid"]),
        held=Pools(*row["held"]),
        uncharged_nano_usd=NanoUSD(row["uncharged_nano_usd"]),
        is_estimated=row["is_estimated"],
    )


# One statement sees a call with its hold or with its line, never with neither.
_CALL_SQL = """
    select call.request_id, call.state, model.name as model, key.name as key_name,
        call.reserved_at, call.ended_at, call.tokens, call.is_free, rate.version as rate_version,
        array[
            rate.input_nano_usd_per_million, rate.cached_input_nano_usd_per_million,
            rate.cache_write_nano_usd_per_million, rate.output_nano_usd_per_million
        ] as rates,
        call.paid, call.held, call.uncharged_nano_usd, call.is_estimated, call.account_id, call.api_key_id
    from (
        select request_id, case when late_at is null then outcome else 'late' end as state,
            reserved_at, at as ended_at,
            array[
                input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens
            ] as tokens,
            array[main_nano_usd, backup_nano_usd, wallet_nano_usd] as paid,
            array[0::bigint, 0, 0] as held,
            uncharged_nano_usd, is_free, is_estimated, account_id, api_key_id, model_id, rate_id
        from ledger_usage
        union all
        select id, 'open', created_at, null, array[0::bigint, 0, 0, 0, 0], array[0::bigint, 0, 0],
            array[main_nano_usd, backup_nano_usd, wallet_nano_usd],
            0, is_free, false, account_id, api_key_id, model_id, rate_id
        from ledger_hold
    ) as call
    join ledger_languagemodel as model on model.id = call.model_id
    join ledger_rate as rate on rate.id = call.rate_id
    join accounts_apikey as key on key.id = call.api_key_id
    where call.request_id = %(request_id)s
"""

OF_ACCOUNT_SQL = f"""
    {_CALL_SQL}
    and call.account_id in (
        select id from ledger_account where id = %(account_id)s or merged_into_id = %(account_id)s
    )
"""  # noqa: S608 - our own text

OF_KEY_SQL = f"""
    select standing.fault, call.*
    from (values (%(key_id)s)) as asked (key_id)
    left join accounts_apikey as key on key.key_id = asked.key_id
    left join ledger_keyallowance as spender on spender.api_key_id = key.id
    cross join lateral (
        select case
            when spender.api_key_id is null then 'unknown_key'
            else coalesce(
                ledger_key_fault(key, %(secret_hashes)s::bytea[], clock_timestamp()),
                case
                    when not ledger_is_within(%(client_address)s::inet, spender.allowed_networks)
                        then 'key_network'
                end
            )
        end as fault
    ) as standing
    left join lateral ({_CALL_SQL}) as call on standing.fault is null and call.api_key_id = key.id
"""  # noqa: S608 - our own text
