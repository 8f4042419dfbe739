"""How long a buyer waits between paying and holding a key, on the whole product as `make run` starts it.

    python -m bench.shop_delivery [purchases a second] [seconds]

Guests order at the checkout over HTTP; then the payment page of one order after another is paid, so many a
second whatever the shop does. The time of each goes from the moment at which the provider says that it was
paid to the moment at which the order was delivered, by the clock of this machine. Nothing else shares it but
everything: site, gateway, worker, PostgreSQL, Redis and the sandbox.
"""

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from bench import stand
from tests.cluster import Cluster
from tests.stories import books
from tests.stories.creem_store import CreemStore
from tests.stories.visitor import Visitor

PER_SECOND = 20
SECONDS = 60
BUYERS = 4
EMAIL = "guest@example.com"

WAITED = """
    SELECT extract(epoch FROM orders.delivered_at - payment.happened_at) * 1000
      FROM billing_order AS orders JOIN billing_payment AS payment ON payment.order_id = orders.id
     WHERE orders.state = 'delivered'
"""
UNDELIVERED = "SELECT count(*) FROM billing_order WHERE state <> 'delivered'"


def main(per_second: int, seconds: int) -> bool:
    """Print the table; tell whether every purchase was delivered and the books verify."""
    stand.leave_no_trace()
    with Cluster() as shop:
        references = ordered(shop, per_second * seconds)
        pay_steadily(CreemStore(shop), references, per_second)
        books.wait_until(lambda: books.query(shop, UNDELIVERED) == [(0,)], "every order delivered")
        waits = [float(wait) for (wait,) in books.query(shop, WAITED)]
        books.assert_books_balance(shop)
    cuts = statistics.quantiles(waits, n=100)
    print(f"{len(waits):,} purchases, {per_second} a second")
    print(f"{'paid to delivered, median':<40} {cuts[49]:>12,.0f} ms")
    print(f"{'p95':<40} {cuts[94]:>12,.0f} ms")
    print(f"{'p99':<40} {cuts[98]:>12,.0f} ms")
    return len(waits) == len(references)


def ordered(shop: Cluster, count: int) -> list[str]:
    """Order so many packages as guests, and return their references."""

    def order(_number: int) -> str:
        return Visitor(shop.site_url).order("standard", EMAIL)

    with ThreadPoolExecutor(BUYERS) as buyers:
        return list(buyers.map(order, range(count)))


def pay_steadily(store: CreemStore, references: list[str], per_second: int) -> None:
    """Pay one order after another at a steady pace, on time even when one takes longer."""
    began = time.perf_counter()
    with ThreadPoolExecutor(BUYERS) as buyers:
        for number, reference in enumerate(references):
            time.sleep(max(0, began + number / per_second - time.perf_counter()))
            buyers.submit(store.pay, reference)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(not main(*(given or [PER_SECOND, SECONDS])))
