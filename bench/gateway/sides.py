"""Those who are compared: what is measured of each, round by round, and what the rounds come to."""

import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import servers
from bench.gateway import load
from bench.gateway.load import Target
from bench.servers import Server
from tests.cluster import free_ports

FEW, MANY = 32, 128
ANSWER_TOKENS = 32
STREAMS, STREAM_TOKENS = 200, 100
# 40,000 a second through all streams: more than any side passes on.
TOKEN_MILLISECONDS = 5


class Side:
    """One who answers calls, and what was found so far: rates by round, seconds of all rounds together."""

    def __init__(self, target: Target, server: Server) -> None:
        self.name = target.name
        self.server = server
        self._target = target
        self._rates: dict[int, list[float]] = defaultdict(list)
        self._cpu_seconds: list[float] = []
        self._token_rates: list[float] = []
        self._answers: list[float] = []
        self._first_events: list[float] = []
        self._first_of_many: list[float] = []

    def warm_up(self, seconds: float) -> None:
        """Let it compile, connect and fill its caches."""
        load.for_seconds(self._target, FEW, seconds, max_tokens=ANSWER_TOKENS)
        load.for_seconds(self._target, 1, seconds, max_tokens=ANSWER_TOKENS, stream=True)

    def measure_rate(self, connections: int, seconds: float) -> None:
        """Note how many calls a second it answers, and what each takes of the processors."""
        before = self.server.cpu_seconds
        taken = load.for_seconds(self._target, connections, seconds, max_tokens=ANSWER_TOKENS)
        self._rates[connections].append(len(taken.to_end) / taken.seconds)
        self._cpu_seconds.append((self.server.cpu_seconds - before) / len(taken.to_end))

    def measure_latency(self, seconds: float) -> None:
        """Note how long somebody waits who calls alone, for an answer and for the first event of a stream."""
        self._answers += load.for_seconds(self._target, 1, seconds, max_tokens=ANSWER_TOKENS).to_end
        self._first_events += load.for_seconds(self._target, 1, seconds, max_tokens=1, stream=True).to_first

    def measure_streams(self) -> None:
        """Note how fast many streams come that begin together, and how long their first events take."""
        taken = load.at_once(self._target, STREAMS, max_tokens=STREAM_TOKENS, stream=True)
        if taken.tokens != STREAMS * STREAM_TOKENS:
            raise RuntimeError(f"{self.name}: {taken.tokens} tokens came through {STREAMS} streams")
        self._token_rates.append(taken.tokens / taken.seconds)
        self._first_of_many += taken.to_first

    def rate(self, connections: int) -> float:
        """Return the calls a second."""
        return statistics.median(self._rates[connections])

    @property
    def token_rate(self) -> float:
        """The tokens a second of all streams together."""
        return statistics.median(self._token_rates)

    @property
    def cpu_ms(self) -> float:
        """The milliseconds of processor that a call takes in its processes; a database has others."""
        return 1000 * statistics.median(self._cpu_seconds)

    @property
    def first_of_many_ms(self) -> float:
        """The milliseconds to the first event, when many streams begin together."""
        return 1000 * statistics.median(self._first_of_many)

    def added_ms(self, direct: "Side", percent: int) -> float:
        """Return how much longer a call takes than the upstream itself: of so many in a hundred, at most."""
        return percentile(self._answers, percent) - percentile(direct._answers, percent)

    def added_to_first_ms(self, direct: "Side", percent: int) -> float:
        """Return how much later the first event of a stream comes."""
        return percentile(self._first_events, percent) - percentile(direct._first_events, percent)


@contextmanager
def direct(token_milliseconds: int = TOKEN_MILLISECONDS) -> Iterator[Side]:
    """Run the upstream of all sides, which is the first of them."""
    [port] = free_ports(1)
    command = [sys.executable, "upstream.py", str(port), str(token_milliseconds)]
    with servers.running(command, port=port, folder=Path(__file__).parent, health="/") as server:
        yield Side(Target("direct", port), server)


def percentile(seconds: list[float], percent: int) -> float:
    """Return the milliseconds that so many of a hundred did not exceed."""
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]
