"""How webhooks of paid orders are worked off, steadily and in a flood, by what `make run` starts.

    python -m bench.shop_backlog [payments a second] [seconds] [events in the flood]

Orders of guests wait for payment; their signed webhooks are then posted by this program, first so many a
second for a while, then a flood as fast as they are accepted. The time of a webhook goes from the moment at
which it was stored to the moment at which its order was delivered, with key, credit and promised mails. How
fast the flood drains is counted in slices of 15 seconds, while the mails of all orders are sent beside it.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator

import psycopg
import uvloop

from accounts.models import Customer
from bench import stand
from billing.models import Order
from portal.embedded import addresses
from tests.billing import creem_said
from tests.cluster import Cluster
from tests.stories import books
from tests.stories.visitor import Visitor

PER_SECOND, SECONDS, FLOOD = 50, 60, 10_000
CLIENTS = 16
PATIENCE_SECONDS = 60
LEAST_STEADY = 0.5
HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    "creem-signature: {signature}\r\nContent-Length: {length}\r\n\r\n"
)

# Copies of one order that a guest placed, each of a customer of its own.
CUSTOMERS = """
    with made as (
        insert into accounts_customer ({columns})
        select {columns} from accounts_customer as model cross join generate_series(1, %(count)s)
        where model.id = (select customer_id from billing_order where reference = %(model)s)
        returning id
    )
    select array_agg(id) from made
"""
ORDERS = """
    insert into billing_order (customer_id, reference, number_hash, checkout_id, ask_at, {columns})
    select made.customer_id, format('ord_bench%%s', made.number), sha256(made.number::text::bytea),
        format('ch_%%s', made.number), null, {columns}
    from billing_order as model
    cross join unnest(%(customers)s::bigint[]) with ordinality as made (customer_id, number)
    where model.reference = %(model)s
    returning reference, checkout_id
"""
OWN = {"id", "customer_id", "reference", "number_hash", "checkout_id", "ask_at"}
WAITED = """
    SELECT extract(epoch FROM orders.delivered_at - event.received_at) * 1000
      FROM billing_order AS orders JOIN billing_inboxevent AS event ON event.order_id = orders.id
     WHERE orders.state = 'delivered'
"""
DELIVERED = "SELECT count(*) FROM billing_order WHERE state = 'delivered'"
# So long as the pause of the sweeps, of which each takes a worker for a while.
SLICE_SECONDS = 15
EACH_SLICE = f"""
    SELECT count(*) FROM billing_order WHERE delivered_at >= to_timestamp(%s)
     GROUP BY floor(extract(epoch FROM delivered_at) / {SLICE_SECONDS})
     ORDER BY floor(extract(epoch FROM delivered_at) / {SLICE_SECONDS})
"""  # noqa: S608 - a number of ours


def main(per_second: int, seconds: int, flood: int) -> bool:
    """Print the tables; tell whether all was delivered, and the flood drained steadily."""
    stand.leave_no_trace()
    with Cluster() as shop:
        requests = list(webhooks(shop, per_second * seconds + flood))
        steady, flooding = requests[: per_second * seconds], requests[per_second * seconds :]
        uvloop.run(post_steadily(shop.port, steady, per_second))
        wait_for(shop, len(steady))
        waits = [float(wait) for (wait,) in books.query(shop, WAITED)]
        began = time.time()
        uvloop.run(post_at_once(shop.port, flooding))
        accepted_seconds = time.time() - began
        wait_for(shop, len(requests))
        drained_seconds = time.time() - began
        rates = [int(count) // SLICE_SECONDS for (count,) in books.query(shop, EACH_SLICE, began)]
        books.assert_books_balance(shop)
    print_steady(waits, per_second)
    return print_flood(rates, flood, accepted_seconds, drained_seconds)


def webhooks(shop: Cluster, count: int) -> Iterator[bytes]:
    """Have so many orders wait for payment; yield for each the request that tells of its payment."""
    model = Visitor(shop.site_url).order("standard", "guest@example.com")
    with psycopg.connect(addresses.postgres_url(shop.state_dir), autocommit=True) as connection:
        sold = connection.execute(
            "select product_id, price_cents, currency from billing_order where reference = %s", [model]
        ).fetchone()
        assert sold is not None
        customers = connection.execute(
            CUSTOMERS.format(columns=copied(Customer)).encode(), {"count": count, "model": model}
        ).fetchone()
        assert customers is not None
        made = connection.execute(
            ORDERS.format(columns=copied(Order)).encode(), {"customers": customers[0], "model": model}
        ).fetchall()
        connection.execute("vacuum analyze billing_order")
    product_id, price_cents, currency = sold
    for reference, checkout_id in made:
        body = creem_said.completed(
            reference,
            tag=checkout_id.removeprefix("ch_"),
            product_id=product_id,
            amount=price_cents,
            currency=currency,
        )
        yield request(shop.port, body)


def copied(model: type[Customer | Order]) -> str:
    """Return the columns that a copy shares with its model."""
    columns = [str(field.column) for field in model._meta.concrete_fields]
    return ", ".join(column for column in columns if column not in OWN)


def request(port: int, body: bytes) -> bytes:
    """Return a whole request that posts this body as Creem would."""
    head = HEAD.format(
        path=creem_said.PATH, port=port, signature=creem_said.signature_of(body), length=len(body)
    )
    return head.encode() + body


async def post_steadily(port: int, requests: list[bytes], per_second: int) -> None:
    """Post one request after another at a steady pace, on time even when one takes longer."""
    waiting = asyncio.Queue[bytes]()
    clients = [asyncio.create_task(client(port, waiting)) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for number, each in enumerate(requests):
        await asyncio.sleep(max(0, began + number / per_second - time.perf_counter()))
        waiting.put_nowait(each)
    await finish(waiting, clients)


async def post_at_once(port: int, requests: list[bytes]) -> None:
    """Post all requests as fast as they are accepted."""
    waiting = asyncio.Queue[bytes]()
    for each in requests:
        waiting.put_nowait(each)
    await finish(waiting, [asyncio.create_task(client(port, waiting)) for _ in range(CLIENTS)])


async def finish(waiting: asyncio.Queue[bytes], clients: list[asyncio.Task[None]]) -> None:
    """Send the clients home once nothing waits, and fail with whatever one of them failed with."""
    for _ in clients:
        waiting.put_nowait(b"")
    await asyncio.gather(*clients)


async def client(port: int, waiting: asyncio.Queue[bytes]) -> None:
    """Post one request after the other over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while each := await waiting.get():
        writer.write(each)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(len("ok"))
    writer.close()


def wait_for(shop: Cluster, count: int) -> None:
    """Return when so many orders are delivered; fail when for a while no more of them are."""
    delivered, seen_at = 0, time.monotonic()
    while delivered < count:
        [(now,)] = books.query(shop, DELIVERED)
        if now > delivered:
            delivered, seen_at = now, time.monotonic()
        assert time.monotonic() - seen_at < PATIENCE_SECONDS, f"{delivered:,} of {count:,} delivered"
        time.sleep(0.5)


def print_steady(waits: list[float], per_second: int) -> None:
    """Print how long webhooks waited that came at a steady pace."""
    cuts = statistics.quantiles(waits, n=100)
    print(f"{len(waits):,} payments, {per_second} a second")
    print(f"{'accepted to delivered, median':<40} {cuts[49]:>12,.0f} ms")
    print(f"{'p95':<40} {cuts[94]:>12,.0f} ms")
    print(f"{'p99':<40} {cuts[98]:>12,.0f} ms")


def print_flood(rates: list[int], flood: int, accepted_seconds: float, drained_seconds: float) -> bool:
    """Print how a flood was accepted and drained; tell whether its slowest slice kept up with the others."""
    whole = sorted(rates[1:-1])  # the first slice and the last are not whole
    slow, median, fast = whole[0], statistics.median(whole), whole[-1]
    print(f"a flood of {flood:,} events")
    print(f"{'accepted':<40} {flood / accepted_seconds:>12,.0f} a second")
    print(f"{'delivered':<40} {flood / drained_seconds:>12,.0f} a second, {drained_seconds:,.0f} s in all")
    print(f"{'in its slowest, median and fastest slice':<40} {slow:>12,} {median:>8,.0f} {fast:>8,}")
    print(f"{'slowest beside median':<40} {slow / median:>12.2f}   (at least {LEAST_STEADY})")
    return slow / median >= LEAST_STEADY


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(not main(*(given or [PER_SECOND, SECONDS, FLOOD])))
