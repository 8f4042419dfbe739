"""Which HTTP client asks upstreams at the least cost: whole answers, and many streams at a time.

    python -m bench.gateway.http_clients [rounds] [seconds]

Each client is alone in a process and asks the upstream as the gateway would, for 32 callers and then for 200
streams; rounds alternate. `httptools` is a bare parser with a list of idle connections, to show what a client
costs at least. All are installed into a folder of their own. There is no goal: the table is for whoever
chooses, and `docs/decisions/gateway.md` says what was chosen.
"""

import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import orjson

from bench import stand
from bench.gateway import peers, sides

ROUNDS = 5
SECONDS = 3.0

VERSIONS = {
    "aiohttp": "3.14.5",
    "aiosonic": "1.3.3",
    "curl_cffi": "0.17.0",
    "httpx2": "2.16.2",
    "niquests": "3.21.2",
    "pyqwest": "0.12.0",
    "pyreqwest": "0.15.1",
    "httptools": "0.9.0",
}
LOOP = "uvloop==0.23.0"
COLUMNS = {
    "calls_per_second": ("calls/s", 0),
    "cpu_us_per_call": ("us CPU a call", 0),
    "tokens_per_second": ("tokens/s", 0),
    "cpu_us_per_token": ("us CPU a token", 1),
}

# By client and column, a value a round.
Found = Mapping[str, Mapping[str, list[float]]]


def main(rounds: int, seconds: float) -> None:
    """Print the table."""
    python = installed()
    found: Found = {client: defaultdict(list) for client in VERSIONS}
    with sides.direct() as upstream:
        url = f"http://127.0.0.1:{upstream.server.port}/v1/chat/completions"
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for client, columns in found.items():
                for column, value in trial(python, client, url, seconds).items():
                    columns[column].append(value)
    stand.leave_no_trace()
    show(found)


def installed() -> Path:
    """Return a Python that has all clients."""
    packages = [f"{name}=={version}" for name, version in VERSIONS.items()]
    folder = peers.FOLDER / "-".join(["clients", *VERSIONS.values()])
    peers.install(folder, peers.virtualenv(*packages, LOOP))
    return folder / "bin/python"


def trial(python: Path, client: str, url: str, seconds: float) -> dict[str, float]:
    """Return what one client takes in one round."""
    script = Path(__file__).with_name("client_trials.py")
    command = [str(python), str(script), client, url, str(seconds)]
    measured: dict[str, float] = orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return measured


def show(found: Found) -> None:
    """Print the median of the rounds."""
    print(f"\n{'':<22}" + "".join(f"{title:>16}" for title, _ in COLUMNS.values()))
    for client, columns in found.items():
        values = "".join(
            f"{statistics.median(columns[column]):>16,.{digits}f}" for column, (_, digits) in COLUMNS.items()
        )
        print(f"{client + ' ' + VERSIONS[client]:<22}{values}")


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    main(int(given[0]) if given else ROUNDS, given[1] if len(given) > 1 else SECONDS)
