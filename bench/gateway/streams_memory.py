"""How much memory one process of the gateway takes for many slow streams at a time.

    python -m bench.gateway.streams_memory [streams]

Each stream is a caller of its own and takes half a minute, as with a model that thinks aloud; the largest
size that the process had in the meantime counts.
"""

import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from bench.gateway import load, shop, sides
from bench.gateway.load import Taken
from bench.servers import Server

STREAMS = 1_000
TOKENS, TOKEN_MILLISECONDS = 30, 1_000
MOST_MB = 400
PAUSE_SECONDS = 0.2


def main(streams: int) -> bool:
    """Print the sizes; tell whether the process stayed small enough, and every stream came to its end."""
    with ExitStack() as running:
        upstream = running.enter_context(sides.direct(TOKEN_MILLISECONDS))
        open_shop = running.enter_context(shop.open_for_business(upstream.server.port))
        callers = running.enter_context(ThreadPoolExecutor(1))
        before = open_shop.metered.memory_mb
        target = open_shop.target("ours", open_shop.metered)
        calling = callers.submit(load.at_once, target, streams, max_tokens=TOKENS, stream=True)
        largest = largest_mb(open_shop.metered, calling)
    print(f"{'before':<40} {before:>12,.0f} MB")
    print(f"{f'at most, with {streams:,} streams':<40} {largest:>12,.0f} MB   (at most {MOST_MB} MB)")
    return largest <= MOST_MB and calling.result().tokens == streams * TOKENS


def largest_mb(server: Server, calling: Future[Taken]) -> float:
    """Return the most memory that ``server`` has until the calls have ended."""
    largest = 0.0
    while not calling.done():
        largest = max(largest, server.memory_mb)
        time.sleep(PAUSE_SECONDS)
    return largest


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else STREAMS))
