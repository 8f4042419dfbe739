"""What a plan adds to reserving and settling a call, beside the same calls paid by a wallet alone.

    python -m bench.ledger_plans [calls]

10,000 accounts with a plan, every limit of it set and far away, and as many with nothing but a wallet, in
one database. Their calls alternate on one connection, so that both meet the same moods of the machine; a
call's time is that of its reserve and its settlement together. With the batcher, as the gateway calls, 32
clients of either kind take turns in rounds, and the time of a round is shared among its calls.
"""

import asyncio
import random
import statistics
import sys
import time

import psycopg
import uvloop

from bench import ledger_pairs, ledger_shop, stand
from ledger.services.holds import RESERVE, SETTLE, Refused

ACCOUNTS = 10_000
CALLS = 8_000
ROUNDS, SECONDS = 5, 3.0
MOST_SHARE = 1.3

# The first accounts get a plan, as `periods.begin` would leave them: an entry that names the period, full
# pools, and limits that these calls never reach.
PLANS = [
    """insert into ledger_entry (reference, kind, note, created_at)
     select 'bench:' || id, 'period_begun', '', now() from ledger_account where id <= %(last)s""",
    """update ledger_account as account set
        period_id = entry.id, main_balance_nano_usd = 500000000000, backup_balance_nano_usd = 500000000000
     from ledger_entry as entry where entry.reference = 'bench:' || account.id""",
    """update ledger_accountallowance set
        all_models = true, requests_per_minute = 1000000, requests_per_day = 100000000, period_number = 1,
        period_starts_at = now(), period_ends_at = now() + interval '30 days',
        daily_cap_nano_usd = 100000000000, weekly_cap_nano_usd = 300000000000, budget_nano_usd = 900000000000
     where account_id <= %(last)s""",
    # Without a wallet that is open, so that the requests a minute are counted too.
    "update ledger_account set wallet_balance_nano_usd = 0 where id <= %(last)s",
]


def main(calls: int) -> bool:
    """Print the table; tell whether a plan costs little enough."""
    with stand.database() as url:
        model_id = ledger_shop.offer_a_model()
        ledger_shop.open_accounts(url, 1, 2 * ACCOUNTS)
        give_plans(url)
        alone = asyncio.run(one_by_one(url, model_id, calls))
        batched = in_batches(url, model_id)
    print(f"{'reserve + settle':<24} {'with a plan':>14} {'without':>14}   ratio (at most {MOST_SHARE})")
    for name, (planned, plain) in {"one call at a time": alone, "32 clients, batched": batched}.items():
        print(f"{name:<24} {planned * 1e6:>11,.0f} us {plain * 1e6:>11,.0f} us   {planned / plain:.2f}")
    return all(planned / plain <= MOST_SHARE for planned, plain in (alone, batched))


def give_plans(url: str) -> None:
    """Let the first half of the accounts be in a period of a plan."""
    with psycopg.connect(url, autocommit=True, options="-c statement_timeout=0") as connection:
        for statement in PLANS:
            connection.execute(statement, {"last": ACCOUNTS})
        connection.execute("vacuum analyze")


async def one_by_one(url: str, model_id: int, calls: int) -> tuple[float, float]:
    """Return the median seconds of a call with a plan, and of one without."""
    taken: tuple[list[float], list[float]] = ([], [])
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(calls):
            customer = random.randint(1, ACCOUNTS)
            taken[0].append(await pair(connection, model_id, customer))
            taken[1].append(await pair(connection, model_id, ACCOUNTS + customer))
    # The first tenth made plans of queries and filled caches.
    planned, plain = (statistics.median(seconds[calls // 10 :]) for seconds in taken)
    return planned, plain


async def pair(connection: psycopg.AsyncConnection, model_id: int, customer: int) -> float:
    """Return the seconds in which one call is reserved and settled."""
    call = ledger_shop.call(model_id, customer)
    asked, report = RESERVE.write(call), SETTLE.write(ledger_shop.report(call))
    began = time.perf_counter()
    cursor = await connection.execute(RESERVE.sql, RESERVE.parameters([asked]))
    [answer] = RESERVE.answers([asked], await cursor.fetchall())
    await connection.execute(SETTLE.sql, SETTLE.parameters([report]))
    taken = time.perf_counter() - began
    assert not isinstance(answer, Refused), answer
    return taken


def in_batches(url: str, model_id: int) -> tuple[float, float]:
    """Return the median seconds for each call of rounds with a plan, and of rounds without."""
    kinds = range(1, ACCOUNTS + 1), range(ACCOUNTS + 1, 2 * ACCOUNTS + 1)
    rounds = [
        [
            1 / uvloop.run(ledger_pairs.pairs(url, model_id, seconds=SECONDS, customers=customers))
            for customers in kinds
        ]
        for _ in range(ROUNDS)
    ]
    planned, plain = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    return planned, plain


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS))
