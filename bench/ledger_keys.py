"""How long a key takes to be checked among 10,000 keys and among 5,000,000, each with an account of its own.

    python -m bench.ledger_keys [keys]

Two databases of one server, the second grown to the large size. Keys are drawn at random, and the checks of
both sizes alternate, so that both meet the same moods of the machine. `look up` reads a key's standing;
`reserve` decides a whole call, which is released again, unmeasured.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import psycopg
from django.db import connections
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench import ledger_shop, stand
from ledger.services import key_standing
from ledger.services.holds import RELEASE, RESERVE, Refused, ReleaseRequest

SMALL, LARGE = 10_000, 5_000_000
CHECKS = 4_000
MOST_SHARE = 1.3

Check = Callable[[psycopg.AsyncConnection, int, int], Awaitable[float]]


def main(large: int) -> bool:
    """Print the table; tell whether the large size is nearly as fast as the small one."""
    with stand.database() as url:
        model_id = ledger_shop.offer_a_model()
        ledger_shop.open_accounts(url, 1, SMALL)
        grown = twin(url)
        ledger_shop.open_accounts(grown, SMALL + 1, large)
        sizes = {SMALL: url, large: grown}
        results = [asyncio.run(compare(sizes, model_id, check)) for check in (look_up, reserve)]
    print(f"{'':<10} {SMALL:>12,} keys {large:>12,} keys   ratio (at most {MOST_SHARE})")
    for check, (few, many) in zip(("look up", "reserve"), results, strict=True):
        print(f"{check:<10} {few * 1e6:>14,.0f} us {many * 1e6:>14,.0f} us   {many / few:.2f}")
    return all(many / few <= MOST_SHARE for few, many in results)


def twin(url: str) -> str:
    """Copy the database, on the same server, and return the copy's address."""
    name = conninfo_to_dict(url)["dbname"]
    connections.close_all()
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        # Sessions that have just said goodbye, and autovacuum, are still in a database for a moment.
        connection.execute(f"alter database {name} allow_connections false")
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s", [name]
        )
        connection.execute(f"create database {name}_grown template {name}")
        connection.execute(f"alter database {name} allow_connections true")
    return make_conninfo(url, dbname=f"{name}_grown")


async def compare(sizes: dict[int, str], model_id: int, check: Check) -> tuple[float, ...]:
    """Return the median seconds that ``check`` takes at each size."""
    lines = [await psycopg.AsyncConnection.connect(url, autocommit=True) for url in sizes.values()]
    taken: list[list[float]] = [[] for _ in sizes]
    for _ in range(CHECKS):
        for connection, keys, seconds in zip(lines, sizes, taken, strict=True):
            seconds.append(await check(connection, model_id, random.randint(1, keys)))
    for connection in lines:
        await connection.close()
    # The first tenth made plans and filled caches.
    return tuple(statistics.median(seconds[CHECKS // 10 :]) for seconds in taken)


async def look_up(connection: psycopg.AsyncConnection, model_id: int, customer: int) -> float:
    """Return the seconds that reading a key's standing takes."""
    call = ledger_shop.call(model_id, customer)
    began = time.perf_counter()
    standing = await key_standing.look_up(
        connection, call.key_id, call.secret_hashes, client_address=call.client_address
    )
    taken = time.perf_counter() - began
    assert standing.may_use_paid
    return taken


async def reserve(connection: psycopg.AsyncConnection, model_id: int, customer: int) -> float:
    """Return the seconds that reserving a call takes."""
    call = ledger_shop.call(model_id, customer)
    row = RESERVE.write(call)
    began = time.perf_counter()
    cursor = await connection.execute(RESERVE.sql, RESERVE.parameters([row]))
    [answer] = RESERVE.answers([row], await cursor.fetchall())
    taken = time.perf_counter() - began
    assert not isinstance(answer, Refused), answer
    await connection.execute(
        RELEASE.sql, RELEASE.parameters([RELEASE.write(ReleaseRequest(call.request_id))])
    )
    return taken


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE))
