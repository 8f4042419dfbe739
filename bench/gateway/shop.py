"""Our side: the real gateway under one worker, a durable PostgreSQL, customers with keys and credit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import servers, stand
from bench.gateway.load import Target
from bench.gateway.sides import Side
from bench.servers import Server
from ledger.models import AccountAllowance
from tests.cluster import free_ports
from tests.factories import gateway as make

CUSTOMERS = 256
CREDIT_NANO_USD = 10**15
# As many calls as there are connections may be open at once, also when all are one customer's.
OPEN_CALLS = 2_000


@dataclass(frozen=True)
class Shop:
    """The gateway that charges, its twin that does not, and their customers."""

    metered: Server
    unmetered: Server
    keys: Sequence[str]

    def side(self, name: str, server: Server, *, customers: int = CUSTOMERS) -> Side:
        """Return ``server`` as so many customers in turn see it."""
        return Side(self.target(name, server, customers=customers), server)

    def target(self, name: str, server: Server, *, customers: int = CUSTOMERS) -> Target:
        """Return how so many customers in turn call ``server``."""
        headers = [{"Authorization": f"Bearer {key}"} for key in self.keys[:customers]]
        return Target(name, server.port, headers)


@contextmanager
def open_for_business(upstream_port: int) -> Iterator[Shop]:
    """Run the shop, whose one model is to be had at the upstream."""
    with stand.database():
        make.channel(f"http://127.0.0.1:{upstream_port}", make.model("bench"))
        keys = [make.buyer(credit=CREDIT_NANO_USD).key for _ in range(CUSTOMERS)]
        AccountAllowance.objects.update(open_calls=OPEN_CALLS)
        ports = free_ports(2)
        with gateway("portal.asgi", ports[0]) as metered, gateway("unmetered", ports[1]) as unmetered:
            yield Shop(metered, unmetered, keys)


@contextmanager
def gateway(module: str, port: int) -> Iterator[Server]:
    """Run the application of ``module`` as the gateway alone."""
    here = Path(__file__).parent
    with servers.granian(f"{module}:application", port=port, role="gateway", folder=here) as server:
        yield server
