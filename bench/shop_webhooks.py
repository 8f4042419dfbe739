"""How fast webhooks are accepted over HTTP, beside a bare Django view that inserts one row.

    python -m bench.shop_webhooks [seconds]

The real server with both views, on one durable PostgreSQL and one Redis; 16 connections post one body after
the other. A webhook is verified, stored once, sent to the workers and answered; the bare view inserts the
same body. No worker runs. The sides take turns, short ones, so that what else the machine does strikes both.
"""

import asyncio
import hashlib
import hmac
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import uvloop
from django.conf import settings

from bench import servers, stand
from portal.embedded.redis import EmbeddedRedis

CLIENTS = 16
SECONDS = 2
ROUNDS = 8
LEAST_SHARE = 60  # percent

Bodies = Callable[[int], bytes]

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "creem-signature: {signature}\r\nContent-Length: {length}\r\n\r\n"
)
# As long as a real one, and about nothing.
BODY = '{{"id": "evt_{number}", "eventType": "bench", "object": {{"filler": "{filler}"}}, "created_at": 1}}'


def main(seconds: float) -> bool:
    """Print the table; tell whether webhooks were accepted fast enough."""
    numbers = count()
    here = Path(__file__).parent
    bare_site = servers.granian("bare_site:application", port=settings.PORT, role="web", folder=here)
    with stand.database() as url, redis(), bare_site as server:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE bare_row (id bigserial PRIMARY KEY, body bytea NOT NULL)")
        sides = ("/webhooks/creem", "/bare")
        for path in sides:
            uvloop.run(post(server.port, path, numbers, seconds=1))
        rounds = [
            [uvloop.run(post(server.port, path, numbers, seconds=seconds)) for path in sides]
            for _ in range(ROUNDS)
        ]
    ours, bare = ([each[side] for each in rounds] for side in (0, 1))
    print(f"{'p99 of a webhook':<40} {slowest_percent(ours):>12.1f} ms")
    print(f"{'p99 of the bare view':<40} {slowest_percent(bare):>12.1f} ms")
    return stand.verdict(
        f"webhooks, {CLIENTS} connections", rate(ours, seconds), "a bare view that inserts one row",
        rate(bare, seconds), unit="requests/s", least_percent=LEAST_SHARE,
    )  # fmt: skip


def rate(rounds: list[list[float]], seconds: float) -> float:
    """Return the median of how many requests a second were answered."""
    return statistics.median(len(taken) / seconds for taken in rounds)


def slowest_percent(rounds: list[list[float]]) -> float:
    """Return the milliseconds that 99 of 100 requests did not exceed."""
    return 1000 * statistics.quantiles([each for taken in rounds for each in taken], n=100)[98]


async def post(port: int, path: str, numbers: Iterator[int], *, seconds: float) -> list[float]:
    """Post for so long, and return the seconds that each request took."""
    until = time.perf_counter() + seconds
    clients = [client(port, path, numbers, until=until) for _ in range(CLIENTS)]
    return [taken for each in await asyncio.gather(*clients) for taken in each]


async def client(port: int, path: str, numbers: Iterator[int], *, until: float) -> list[float]:
    """Post one webhook after the other over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken: list[float] = []
    while (began := time.perf_counter()) < until:
        writer.write(request(path, next(numbers)))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(len("ok"))
        taken.append(time.perf_counter() - began)
    writer.close()
    return taken


def request(path: str, number: int) -> bytes:
    """Return a whole request with a signed webhook that nobody has sent before."""
    body = BODY.format(number=number, filler="x" * 1_500).encode()
    signature = hmac.new(settings.CREEM_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return HEAD.format(path=path, signature=signature, length=len(body)).encode() + body


@contextmanager
def redis() -> Iterator[None]:
    """Run a Redis to send nudges to."""
    server = EmbeddedRedis(settings.VAR_DIR)
    server.start()
    yield
    server.stop()


if __name__ == "__main__":
    sys.exit(not main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
