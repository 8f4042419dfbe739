"""How long Order Lookup takes among 10,000 orders and among 2,000,000.

    python -m bench.shop_lookup [orders]

Two databases of one server, the second grown to the large size. The numbers asked for are spread over all
orders, and the lookups of both sizes alternate, so that both meet the same moods of the machine. `number` is
what a buyer types, with its limits for each address; `miss` is a number that is nobody's; `mail` is the
provider's number and the e-mail address, which promises a mail.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import conninfo_to_dict

from bench import stand
from bench.ledger_keys import twin
from billing.errors import OrderNotFound
from billing.models import Mode, Order, Package, PackagePrice
from billing.services import openings, order_numbers, orders
from billing.services.orders import Buyer

SMALL, LARGE = 10_000, 2_000_000
HELD = 1_000
LOOKUPS = 2_000
MOST_SHARE = 1.3

# Copies of one order that the product placed, each with ids of its own. Written past the product, because
# millions take their time; without foreign keys, because each would be looked up.
OWN = {
    "id": "series.number",
    "reference": "'ord_' || series.number",
    "number_hash": "coalesce(held.hash, sha256(series.number::text::bytea))",
    "email": "'buyer' || series.number || '@example.com'",
    "checkout_id": "'ch_' || series.number",
    "provider_order_id": "'po_' || series.number",
}
WITHOUT_FOREIGN_KEYS = """
    select format('alter table billing_order drop constraint %I', conname) from pg_constraint
    where contype = 'f' and conrelid = 'billing_order'::regclass
"""

Lookup = Callable[[int, str], None]


def main(large: int) -> bool:
    """Print the table; tell whether the large size is nearly as fast as the small one."""
    with stand.database() as url:
        model = place_one()
        few = fill(url, model, 1, SMALL)
        grown = twin(url)
        sizes = {url: few, grown: fill(grown, model, SMALL + 1, large)}
        results = [compare(sizes, lookup) for lookup in (number, miss, mail)]
        assert all(count_mails(each) for each in sizes)
    print(f"{'':<10} {SMALL:>12,} orders {large:>12,} orders   ratio (at most {MOST_SHARE})")
    for lookup, (one, other) in zip((number, miss, mail), results, strict=True):
        print(f"{lookup.__name__:<10} {one * 1e6:>16,.0f} us {other * 1e6:>16,.0f} us   {other / one:.2f}")
    return all(other / one <= MOST_SHARE for one, other in results)


def place_one() -> int:
    """Place the order that all others are copies of, and return its key."""
    package = Package.objects.create(
        slug="bench", name="Bench", name_zh="Bench", list_price_cents=6_500, list_currency="CNY",
        tokens=17_000_000, credit_nano_usd=7_650_000_000,
    )  # fmt: skip
    price = PackagePrice.objects.create(package=package, price_cents=813, product_id="prod_bench")
    return orders.place(
        orders.of_package(price), Buyer(email="first@example.com", language="en"), mode=Mode.TEST
    ).pk


def fill(url: str, model: int, first: int, last: int) -> dict[int, str]:
    """Write the orders above ``model`` from ``first`` to ``last``; return the numbers of some of them."""
    held = {model + at: order_numbers.generate() for at in random.sample(range(first, last + 1), HELD)}
    hashes = [order_numbers.hashed(each).value for each in held.values()]
    columns = [str(field.column) for field in Order._meta.concrete_fields]
    copied = ", ".join(OWN.get(column, f"model.{column}") for column in columns)
    with psycopg.connect(url, autocommit=True, options="-c statement_timeout=0") as connection:
        for (statement,) in connection.execute(WITHOUT_FOREIGN_KEYS).fetchall():
            connection.execute(statement)
        connection.execute(
            f"""insert into billing_order ({", ".join(columns)}) select {copied}
                from billing_order as model
                cross join generate_series(%(first)s::bigint, %(last)s) as series (number)
                left join unnest(%(numbers)s::bigint[], %(hashes)s::bytea[]) as held (number, hash)
                    using (number)
                where model.id = %(model)s""",  # noqa: S608 - our own columns
            {
                "first": model + first, "last": model + last, "model": model,
                "numbers": list(held), "hashes": hashes,
            },
        )  # fmt: skip
        connection.execute("vacuum analyze")
    return held


def compare(sizes: dict[str, dict[int, str]], lookup: Lookup) -> tuple[float, ...]:
    """Return the median seconds that ``lookup`` takes at each size."""
    lines = {url: connect(url) for url in sizes}
    taken: dict[str, list[float]] = {url: [] for url in sizes}
    for _ in range(LOOKUPS):
        for url, held in sizes.items():
            connections["default"] = lines[url]
            order_pk, order_number = random.choice(list(held.items()))
            began = time.perf_counter()
            lookup(order_pk, order_number)
            taken[url].append(time.perf_counter() - began)
    for line in lines.values():
        line.close()
    # The first tenth made plans and filled caches.
    return tuple(statistics.median(seconds[LOOKUPS // 10 :]) for seconds in taken.values())


def count_mails(url: str) -> int:
    """Return how many mails were promised: none would mean that no order was found."""
    with psycopg.connect(url) as connection:
        [[count]] = connection.execute("select count(*) from billing_ordermail").fetchall()
    return int(count)


def connect(url: str) -> BaseDatabaseWrapper:
    """Return a connection of its own to the database at ``url``."""
    database = conninfo_to_dict(url)["dbname"]
    line = connections["default"].copy(alias=str(database))
    line.settings_dict |= {"NAME": database, "OPTIONS": {}}
    return line


def number(order_pk: int, order_number: str) -> None:
    """Look an order up by its number."""
    assert openings.by_number(order_number, address=an_address()).pk == order_pk


def miss(_order_pk: int, _order_number: str) -> None:
    """Look up a number that is nobody's."""
    with suppress(OrderNotFound):
        openings.by_number(order_numbers.generate(), address=an_address())


def mail(order_pk: int, _order_number: str) -> None:
    """Ask for a mail by the provider's number."""
    openings.wish_link(f"po_{order_pk}", f"buyer{order_pk}@example.com", address=an_address())


def an_address() -> str:
    """Return an address that has not asked yet."""
    return f"10.{random.randint(0, 255)}.{random.randint(0, 255)}.{random.randint(0, 255)}"


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE))
