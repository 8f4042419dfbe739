"""Blows to a running product."""

import redis

from portal.embedded import addresses
from tests.cluster import Cluster
from tests.stories import books


def strike(cluster: Cluster, fault: str) -> None:
    """Kill the process that ``fault`` names and wait until it runs again, or empty Redis for ``flush``."""
    if fault == "flush":
        empty_redis(cluster)
    else:
        cluster.kill(fault)
        books.wait_until(lambda: cluster.is_running(fault), f"{fault} runs again")


def empty_redis(cluster: Cluster) -> None:
    with redis.Redis.from_url(addresses.redis_url(cluster.state_dir)) as client:
        client.flushall()
