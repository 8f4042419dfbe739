"""How fast codes are redeemed, beside a bare transaction of update, insert and insert; and in a large table.

    python -m bench.codes_redeem [rows of the large table]

Eight threads with a connection each drive either side. A redemption counts the attempts of customer and
address, claims the code, and grants its value: entry, posting, lot and wallet.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from statistics import median

import psycopg
from django.db import connection, connections

from accounts.models import Customer, User
from accounts.services import sealing
from bench import stand
from ledger.services import accounts
from redemption.models import Batch
from redemption.services import codes, issuing, wallets

THREADS = 8
REDEMPTIONS = 1_500
ROUNDS = 5
SMALL_TABLE = 10_000
LARGE_TABLE = 5_000_000
LEAST_SHARE = 40
MOST_GROWTH = 130

FILL = """
    INSERT INTO redemption_code (batch_id, code_hash, pepper_version, last_four, value_nano_usd, state)
    SELECT %s, sha256(('filler ' || number)::bytea), 1, '0000', 1, 'live'
      FROM generate_series(1, %s) AS number
"""
BARE_TABLES = """
    CREATE TABLE bare_code (LIKE redemption_code INCLUDING ALL);
    CREATE TABLE bare_posting (LIKE ledger_posting INCLUDING ALL);
    CREATE TABLE bare_lot (LIKE ledger_lot INCLUDING ALL);
    INSERT INTO bare_code SELECT * FROM redemption_code
"""
BARE_UPDATE = """
    UPDATE bare_code SET state = 'redeemed', redeemed_by_id = 1, closed_at = now()
     WHERE code_hash = %s AND state = 'live' RETURNING id
"""
BARE_POSTING = """
    INSERT INTO bare_posting (entry_id, source, destination, destination_account_id, amount_nano_usd)
    VALUES (%s, 'codes', 'wallet', 1, 1000)
"""
BARE_LOT = """
    INSERT INTO bare_lot (account_id, entry_id, amount_nano_usd, paid_currency, acquired_at)
    VALUES (1, %s, 1000, '', now())
"""


def main(large_table: int) -> bool:
    """Print both tables; tell whether redeeming was fast enough, and stayed so."""
    with stand.database() as url:
        staff = User.objects.create_user("staff@example.com")
        customers = Customer.objects.bulk_create(Customer() for _ in range(REDEMPTIONS))
        for customer in customers:
            accounts.open_for(customer)
        texts = issued(SMALL_TABLE, staff)
        run_sql(BARE_TABLES)
        small, bare = zip(*alternating(texts, customers, url), strict=True)
        fill(large_table - 2 * SMALL_TABLE)
        texts = issued(SMALL_TABLE, staff)
        large = [redeem_some(islice(texts, REDEMPTIONS), customers) for _ in range(ROUNDS)]
    quick = stand.verdict(
        f"redeeming with {THREADS} connections", median(small), "a bare transaction", median(bare),
        unit="a second", least_percent=LEAST_SHARE,
    )  # fmt: skip
    steady = stand.verdict(
        f"redeeming among {large_table:,} codes", median(large), f"among {SMALL_TABLE:,}", median(small),
        unit="a second", least_percent=10_000 // MOST_GROWTH,
    )  # fmt: skip
    return quick and steady


def issued(count: int, staff: User) -> Iterator[str]:
    """Issue real codes and return their texts."""
    batch = issuing.order_batch(Batch(name="bench", count=count, value_nano_usd=1000), issued_by=staff)
    while issuing.issue_next_chunk(batch.pk):
        pass
    chunks = batch.chunks.order_by("number")
    sealed = [(bytes(chunk.sealed_codes or b""), chunk.seal_context) for chunk in chunks]
    return iter(
        "\n".join(sealing.unseal(box, context=context).decode() for box, context in sealed).split("\n")
    )


def alternating(
    texts: Iterator[str], customers: Sequence[Customer], url: str
) -> Iterator[tuple[float, float]]:
    """Yield the rates of redeeming and of the bare transaction, round by round."""
    for _ in range(ROUNDS):
        some = list(islice(texts, REDEMPTIONS))
        yield redeem_some(some, customers), bare_some(some, url)


def redeem_some(texts: Iterable[str], customers: Sequence[Customer]) -> float:
    """Redeem a code for each customer, and return how many a second."""
    run_sql("TRUNCATE accounts_attemptwindow")

    def redeem(pair: tuple[str, Customer]) -> None:
        text, customer = pair
        wallets.redeem(typed_code=text, customer=customer, address=f"of {customer.pk}")

    return rate(redeem, list(zip(texts, customers, strict=True)), connections.close_all)


def bare_some(texts: Sequence[str], url: str) -> float:
    """Do the least that could be called a redemption to the same codes, and return how many a second."""
    own = threading.local()

    def transact(code_hash: bytes) -> None:
        if not hasattr(own, "connection"):
            # As Django connects: no prepared statements, because a pooler may stand between.
            own.connection = psycopg.connect(url, prepare_threshold=None, cursor_factory=psycopg.ClientCursor)
        with own.connection.transaction():
            [code_id] = own.connection.execute(BARE_UPDATE, [code_hash]).fetchone()
            own.connection.execute(BARE_POSTING, [code_id])
            own.connection.execute(BARE_LOT, [code_id])

    return rate(transact, [codes.hashes_of(text)[0] for text in texts], lambda: own.connection.close())


def rate(act: Callable[..., None], items: Sequence[object], hang_up: Callable[[], None]) -> float:
    """Let the threads do ``act`` to all items, and return how many a second."""
    connections.close_all()
    left = iter(items)

    def work(_number: int) -> None:
        try:
            for item in left:
                act(item)
        finally:
            hang_up()

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    return len(items) / (time.perf_counter() - began)


def fill(count: int) -> None:
    """Add rows that look like codes, as many as a shop has after years."""
    run_sql("SET statement_timeout = 0")
    run_sql(FILL, [Batch.objects.latest("pk").pk, count])
    run_sql("VACUUM ANALYZE redemption_code")


def run_sql(statement: str, parameters: Sequence[int] = ()) -> None:
    """Run a statement on the main thread's own connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE_TABLE))
