"""Holds, how calls are paid: reserve an upper bound, settle the exact cost, release the rest.

The one place in Python that calls the SQL of `migrations/sql/0005_holds.sql`. An `Operation` says how a batch
of requests becomes the arrays of one call and how its rows become answers. Two faces stand on them: the
functions here, through Django's connection, and `hold_batches.HoldBatcher`, through a pool of its own.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection

from ledger.models import UsageRecord
from ledger.money import NanoUSD
from ledger.services import networks

Row = tuple[str, ...]

log = logging.getLogger(__name__)

# More tokens than any call has. A count beyond it, or below zero, is nonsense of a client or an upstream: it
# is brought inside, because one bad number must never stop the other calls of its batch.
LARGEST_COUNT = 1_000_000_000
LONGEST_UPSTREAM_ID = 80
# The reason that is none: the key's account was merged into another just now.
KEY_MOVED = "key_moved"


class RefusalReason(StrEnum):
    """Why a call may not start."""

    UNKNOWN_KEY = "unknown_key"  # no such key, a wrong secret, or a deleted key: nobody can tell which
    KEY_DISABLED = "key_disabled"
    KEY_EXPIRED = "key_expired"
    REQUEST_REUSED = "request_reused"  # the request id names a call that has ended, or another key's
    ACCOUNT_FROZEN = "account_frozen"
    KEY_NETWORK = "key_network"  # the key may not be used from this address
    MODEL_UNKNOWN = "model_unknown"
    KEY_MODEL = "key_model"  # the key may not use this model
    PAID_MODEL = "paid_model"  # neither a plan nor the wallet opens models that are not free
    TOO_MANY_OPEN_CALLS = "too_many_open_calls"
    KEY_RATE_LIMIT = "key_rate_limit"
    RATE_LIMIT = "rate_limit"  # of the account, with all of its keys
    DAILY_REQUESTS = "daily_requests"
    KEY_TOTAL_LIMIT = "key_total_limit"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    KEY_MONTHLY_LIMIT = "key_monthly_limit"
    MONTHLY_BUDGET = "monthly_budget"  # of a plan's period
    WEEKLY_CAP = "weekly_cap"
    KEY_DAILY_LIMIT = "key_daily_limit"
    DAILY_CAP = "daily_cap"
    BUSY = "busy"  # there is enough, but open calls have set it aside


class RateStanding(NamedTuple):
    """Where a key stands in its requests a minute: how many it could make at once, and when all are back."""

    limit_requests: int
    remaining_requests: int
    reset_seconds: int


@dataclass(frozen=True, slots=True)
class ReserveRequest:
    """A call that wants to start, and the most that it can use. `request_id` is the caller's, made before."""

    request_id: UUID
    key_id: str
    # The secret, hashed under every pepper, newest first; the same number of hashes in every request.
    secret_hashes: Sequence[bytes] = field(repr=False)
    model_id: int
    # The caller's to know: what is asked in one context can be no more than that, what is asked in many can.
    input_bound_tokens: int
    # For each choice; the model's own limit when the client named none.
    asked_output_tokens: int
    choices: int
    lifetime_seconds: int
    # Empty when nobody knows it: then a key that is bound to networks is refused.
    client_address: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """The call may start. `output_limit_tokens`, for each choice, must go upstream: it keeps the bound."""

    request_id: UUID
    account_id: int
    output_limit_tokens: int
    held_nano_usd: NanoUSD
    # None for a key without a limit of requests a minute.
    rate: RateStanding | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The call may not start, and nothing has changed."""

    request_id: UUID
    reason: RefusalReason
    retry_after_seconds: int | None
    # None for a key without a limit of requests a minute, and for a caller who has not proven to hold one.
    rate: RateStanding | None = None


@dataclass(frozen=True, slots=True)
class SettleRequest:
    """How a call ended and what it used.

    Input that came from the model's cache, or went there, is counted apart, not twice. Reasoning is a part
    of the output and has no price of its own.
    """

    request_id: UUID
    outcome: UsageRecord.Outcome
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    is_estimated: bool
    upstream_id: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What the customer paid; `uncharged_nano_usd` exceeded the hold and is the shop's loss.

    Late means that no hold was left to charge: it had expired or been released. Then the call cost nothing.
    """

    request_id: UUID
    cost_nano_usd: NanoUSD
    uncharged_nano_usd: NanoUSD
    was_late: bool


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A call that never reached a model, or whose reservation ended in doubt."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class Released:
    """Whether there was a hold to release; without one, nothing has changed."""

    request_id: UUID
    was_open: bool


Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Operation(Generic[Request, Answer]):
    """One SQL function over a batch of calls, safe to repeat when nobody knows whether it took effect.

    A request becomes a row of texts, its id first; the columns of the rows become the arrays of the call, as
    PostgreSQL writes them. That takes a tenth of the time in which the driver adapts value by value.
    """

    sql: str
    columns: Sequence[str]
    write: Callable[[Request], Row]
    # Of a row of the answer; None when nothing was decided, and the request is to be asked again.
    read: Callable[..., Answer | None]

    def parameters(self, rows: Iterable[Row], at: datetime | None = None) -> Mapping[str, Any]:
        """Return the parameters of one call. Of rows with one request id only the last goes along."""
        distinct = {row[0]: row for row in rows}.values()
        arrays = ("{" + ",".join(column) + "}" for column in zip(*distinct, strict=True))
        return {
            **dict(zip(self.columns, arrays, strict=True)),
            "wallet_threshold": settings.WALLET_THRESHOLD_NANO_USD,
            "time_zone": settings.TIME_ZONE,
            "now": at,
        }

    def answers(self, rows: Iterable[Row], found: Iterable[tuple[Any, ...]]) -> list[Answer | None]:
        """Return the answer to each of ``rows``, in their order; ``found`` is in that of the locks."""
        answer_of = {values[0].hex: self.read(*values) for values in found}
        return [answer_of[row[0]] for row in rows]


def reserve(requests: Sequence[ReserveRequest], *, at: datetime | None = None) -> list[Reserved | Refused]:
    """Set aside the most that each call can cost, or refuse it; calls of one key are decided in order.

    Repeating a request whose hold is open answers with that hold. ``at`` replaces the database's clock.
    """
    return _run(RESERVE, requests, at)


def settle(requests: Sequence[SettleRequest], *, at: datetime | None = None) -> list[Settled]:
    """Charge what each call cost, never more than its hold, and free the rest. Repeating charges nothing."""
    return _run(SETTLE, requests, at)


def release(requests: Sequence[ReleaseRequest], *, at: datetime | None = None) -> list[Released]:
    """End the holds as if they had never been reserved; harmless where there is none."""
    return _run(RELEASE, requests, at)


def expire_due(*, at: datetime | None = None, limit: int = 500) -> int:
    """End at most ``limit`` holds whose deadline has passed, free of charge; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select request_id from ledger_expire(%s, coalesce(%s, clock_timestamp()))", [limit, at]
        )
        expired = cursor.fetchall()
    for (request_id,) in expired:
        log.error("call %s was never settled: its hold expired and cost nothing", request_id)
    return len(expired)


def _run(
    operation: Operation[Request, Answer], requests: Sequence[Request], at: datetime | None = None
) -> list[Answer]:
    if not requests:
        return []
    rows = [operation.write(request) for request in requests]
    with connection.cursor() as cursor:
        cursor.execute(operation.sql, operation.parameters(rows, at))
        answers = operation.answers(rows, cursor.fetchall())
    undecided = [request for request, answer in zip(requests, answers, strict=True) if answer is None]
    decided_now = iter(_run(operation, undecided, at))
    return [next(decided_now) if answer is None else answer for answer in answers]


def _write_reserve(request: ReserveRequest) -> Row:
    return (
        request.request_id.hex,
        _quoted(request.key_id),
        "{" + ",".join([rf'"\\x{hashed.hex()}"' for hashed in request.secret_hashes]) + "}",
        str(request.model_id),
        _counted(request.input_bound_tokens),
        _counted(request.asked_output_tokens, at_least=1),
        _counted(request.choices, at_least=1),
        str(request.lifetime_seconds),
        networks.plain_address(request.client_address) or "NULL",
    )


def _read_reserve(
    request_id: UUID,
    reason: str | None,
    retry_after_seconds: int | None,
    account_id: int,
    output_limit_tokens: int,
    held_nano_usd: int,
    *rate: Any,
) -> Reserved | Refused | None:
    if reason == KEY_MOVED:
        return None
    standing = None if rate[0] is None else RateStanding(*rate)
    if reason is not None:
        return Refused(request_id, RefusalReason(reason), retry_after_seconds, standing)
    return Reserved(request_id, account_id, output_limit_tokens, NanoUSD(held_nano_usd), standing)


def _write_settle(request: SettleRequest) -> Row:
    return (
        request.request_id.hex,
        request.outcome.value,
        _counted(request.input_tokens),
        _counted(request.cached_input_tokens),
        _counted(request.cache_write_tokens),
        _counted(request.output_tokens),
        _counted(request.reasoning_tokens),
        "t" if request.is_estimated else "f",
        _quoted(request.upstream_id.replace("\0", "")[:LONGEST_UPSTREAM_ID]),
    )


def _read_settle(*row: Any) -> Settled:
    settled = Settled(*row)
    if settled.uncharged_nano_usd:
        log.error(
            "call %s cost %d nano-USD more than its hold", settled.request_id, settled.uncharged_nano_usd
        )
    if settled.was_late:
        log.warning("call %s was settled too late and cost nothing", settled.request_id)
    return settled


def _counted(count: int, *, at_least: int = 0) -> str:
    return str(min(max(count, at_least), LARGEST_COUNT))


def _quoted(text: str) -> str:
    """Return ``text`` as an element of an array: within quotes, only these two need an escape."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


RESERVE: Operation[ReserveRequest, Reserved | Refused] = Operation(
    sql="""
        select request_id, reason, retry_after_seconds, account_id, output_limit_tokens, held_nano_usd,
            rate_limit, rate_remaining, rate_reset_seconds
        from ledger_reserve(
            %(request_ids)s::uuid[], %(key_ids)s::text[], %(secret_hashes)s::bytea[],
            %(model_ids)s::bigint[], %(input_bounds)s::bigint[], %(asked_outputs)s::bigint[],
            %(choices)s::bigint[], %(lifetimes)s::bigint[], %(client_addresses)s::inet[],
            %(wallet_threshold)s, %(time_zone)s, coalesce(%(now)s, clock_timestamp())
        )
    """,
    columns=[
        "request_ids",
        "key_ids",
        "secret_hashes",
        "model_ids",
        "input_bounds",
        "asked_outputs",
        "choices",
        "lifetimes",
        "client_addresses",
    ],
    write=_write_reserve,
    read=_read_reserve,
)

SETTLE: Operation[SettleRequest, Settled] = Operation(
    sql="""
        select request_id, cost_nano_usd, uncharged_nano_usd, was_late
        from ledger_settle(
            %(request_ids)s::uuid[], %(outcomes)s::text[], %(inputs)s::bigint[], %(cached_inputs)s::bigint[],
            %(cache_writes)s::bigint[], %(outputs)s::bigint[], %(reasonings)s::bigint[],
            %(estimated)s::boolean[], %(upstream_ids)s::text[],
            coalesce(%(now)s, clock_timestamp())
        )
    """,
    columns=[
        "request_ids",
        "outcomes",
        "inputs",
        "cached_inputs",
        "cache_writes",
        "outputs",
        "reasonings",
        "estimated",
        "upstream_ids",
    ],
    write=_write_settle,
    read=_read_settle,
)

RELEASE: Operation[ReleaseRequest, Released] = Operation(
    sql="""
        select request_id, was_open
        from ledger_release(%(request_ids)s::uuid[], coalesce(%(now)s, clock_timestamp()))
    """,
    columns=["request_ids"],
    write=lambda request: (request.request_id.hex,),
    read=Released,
)
