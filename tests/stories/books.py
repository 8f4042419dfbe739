"""What the database of a running product says, read from outside with plain SQL."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import requests

from portal.embedded import addresses
from tests.cluster import Cluster

PATIENCE_SECONDS = 90


def query(cluster: Cluster, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(addresses.postgres_url(cluster.state_dir)) as connection:
        return connection.execute(sql.encode(), values).fetchall()


def change(cluster: Cluster, sql: str) -> None:
    """Change a row as only a test may: to let time pass."""
    with psycopg.connect(addresses.postgres_url(cluster.state_dir)) as connection:
        connection.execute(sql.encode())


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Ask again and again until ``holds``; fail with ``what`` when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.2)


def wait_until_no_call_is_open(cluster: Cluster) -> None:
    """Wait until each hold has been settled, released or swept."""
    wait_until(lambda: query(cluster, "SELECT count(*) FROM ledger_hold") == [(0,)], "every hold has ended")


def assert_books_balance(cluster: Cluster) -> None:
    proof = cluster.manage("ledger_verify")
    assert proof.returncode == 0, proof.stdout + proof.stderr


def journal(cluster: Cluster) -> Counter[tuple[str, str]]:
    """Count the journal's rows by request and outcome."""
    rows = query(cluster, "SELECT request_id::text, outcome FROM ledger_usage")
    return Counter((request, outcome) for request, outcome in rows)


def served_requests(cluster: Cluster) -> set[str]:
    """Return the request ids of all calls that the upstream began to answer well."""
    served = requests.get(f"{cluster.sandbox_url}/control/served", timeout=30).json()
    return {call["request_id"] for call in served if call["status"] == 200}
