"""Our gateway beside LiteLLM and Portkey: throughput, latency, streams, and what metering costs.

    python -m bench.gateway [rounds] [seconds of each measurement]

Every side calls the same upstream on the same processors, and takes its turn in every round. Ours reserves,
settles and commits each call; the others charge nothing. `docs/benchmarks.md` tells more.
"""

import sys
from contextlib import ExitStack

from bench.gateway import comparison, peers, shop, sides
from bench.gateway.comparison import Sides
from bench.gateway.sides import FEW, MANY

ROUNDS = 5
SECONDS = 3.0
WARM_UP_SECONDS = 2


def main(rounds: int, seconds: float) -> bool:
    """Print the table and the goals; tell whether all goals were reached."""
    with ExitStack() as running:
        everybody = everyone(running)
        for side in everybody.all:
            side.warm_up(WARM_UP_SECONDS)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            measure(everybody, seconds)
        comparison.show(everybody)
    return comparison.judge(everybody)


def everyone(running: ExitStack) -> Sides:
    """Start everybody."""
    direct = running.enter_context(sides.direct())
    port = direct.server.port
    open_shop = running.enter_context(shop.open_for_business(port))
    litellm = running.enter_context(peers.litellm(port))
    portkey = running.enter_context(peers.portkey(port)) if peers.can_run_portkey() else None
    return Sides(
        direct=direct,
        ours=open_shop.side("ours", open_shop.metered),
        one_customer=open_shop.side("one customer", open_shop.metered, customers=1),
        unmetered=open_shop.side("unmetered", open_shop.unmetered),
        litellm=litellm,
        portkey=portkey,
    )


def measure(everybody: Sides, seconds: float) -> None:
    """Measure one thing after the other, each of all sides in turn, so that all meet the same moods."""
    for connections in (FEW, MANY):
        for side in everybody.all:
            side.measure_rate(connections, seconds)
    for side in everybody.all:
        side.measure_latency(seconds)
    for side in everybody.all:
        side.measure_streams()


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    sys.exit(not main(int(given[0]) if given else ROUNDS, given[1] if len(given) > 1 else SECONDS))
