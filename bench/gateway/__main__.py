"""Our gateway beside LiteLLM and Portkey: throughput, latency, streams, and what metering costs.

    python -m bench.gateway [rounds] [seconds of each measurement]

Every side calls the same upstream on the same processors, and takes its turn in every round. Ours reserves,
settles and commits each call; the others charge nothing. `docs/benchmarks.md` tells more.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import servers
from bench.gateway import comparison, peers, shop
from bench.gateway.comparison import Sides
from bench.gateway.load import Target
from bench.gateway.sides import FEW, MANY, Side
from bench.servers import Server
from tests.cluster import free_ports

ROUNDS = 5
SECONDS = 3.0
WARM_UP_SECONDS = 2
# 40,000 a second through 200 streams: more than any side passes on.
TOKEN_MILLISECONDS = 5


def main(rounds: int, seconds: float) -> bool:
    """Print the table and the goals; tell whether all goals were reached."""
    with ExitStack() as running:
        sides = everyone(running)
        for side in sides.all:
            side.warm_up(WARM_UP_SECONDS)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            measure(sides, seconds)
        comparison.show(sides)
    return comparison.judge(sides)


def everyone(running: ExitStack) -> Sides:
    """Start everybody."""
    upstream = running.enter_context(an_upstream())
    open_shop = running.enter_context(shop.open_for_business(upstream.port))
    litellm = running.enter_context(peers.litellm(upstream.port))
    portkey = running.enter_context(peers.portkey(upstream.port)) if peers.can_run_portkey() else None
    return Sides(
        direct=Side(Target("direct", upstream.port), upstream),
        ours=open_shop.side("ours", open_shop.metered),
        one_customer=open_shop.side("one customer", open_shop.metered, customers=1),
        unmetered=open_shop.side("unmetered", open_shop.unmetered),
        litellm=litellm,
        portkey=portkey,
    )


@contextmanager
def an_upstream() -> Iterator[Server]:
    """Run the upstream of all sides."""
    [port] = free_ports(1)
    folder = Path(__file__).parent
    command = [sys.executable, "upstream.py", str(port), str(TOKEN_MILLISECONDS)]
    with servers.running(command, port=port, folder=folder, health="/") as server:
        yield server


def measure(sides: Sides, seconds: float) -> None:
    """Measure one thing after the other, each of all sides in turn, so that all meet the same moods."""
    for connections in (FEW, MANY):
        for side in sides.all:
            side.measure_rate(connections, seconds)
    for side in sides.all:
        side.measure_latency(seconds)
    for side in sides.all:
        side.measure_streams()


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    sys.exit(not main(int(given[0]) if given else ROUNDS, given[1] if len(given) > 1 else SECONDS))
