"""Whatever dies, at whatever moment: no answer goes unbooked, no code is lost, and the books verify."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.stories import books
from tests.stories.load import Load
from tests.stories.strikes import empty_redis, strike
from tests.stories.visitor import Visitor

pytestmark = pytest.mark.cluster

FULL = os.environ.get("PROVE") == "1"
ROUNDS = 20 if FULL else 2
CODES = 40_000 if FULL else 12_000
MOMENT = random.Random(os.environ.get("SEED", "purser"))


@pytest.fixture(scope="module")
def short_calls() -> Iterator[Cluster]:
    """Run the product with deadlines of seconds, so that a hold whose gateway died expires while we watch."""
    with Cluster(GATEWAY_CALL_TIMEOUT_SECONDS="8", GATEWAY_HOLD_GRACE_SECONDS="2") as running:
        yield running


@pytest.fixture(scope="module")
def admin(short_calls: Cluster) -> Visitor:
    visitor = Visitor(short_calls.site_url)
    visitor.log_in("admin@example.com", "purser-admin-demo")
    return visitor


@pytest.fixture(scope="module")
def key(short_calls: Cluster) -> str:
    buyer = Visitor(short_calls.site_url)
    buyer.log_in("buyer@example.com", "purser-buyer-demo")
    return buyer.create_key("load")


@pytest.mark.parametrize("victim", ["web", "postgres"])
def test_every_answer_is_booked_when_a_process_is_killed(short_calls: Cluster, key: str, victim: str) -> None:
    with Load(short_calls.base_url, key) as load:
        for _round in range(ROUNDS):
            time.sleep(MOMENT.uniform(0.3, 2.5))
            strike(short_calls, victim)
            books.wait_until(short_calls.is_healthy, "healthy again")

    assert len(load.acknowledged) > ROUNDS
    assert_every_answer_is_booked(short_calls, load)


def test_every_answer_is_booked_when_redis_is_emptied(short_calls: Cluster, key: str) -> None:
    with Load(short_calls.base_url, key) as load:
        for _round in range(ROUNDS):
            time.sleep(MOMENT.uniform(0.1, 1.0))
            empty_redis(short_calls)

    assert set(load.statuses) <= {200, 429}
    assert_every_answer_is_booked(short_calls, load)


@pytest.mark.parametrize("fault", ["worker", "redis", "postgres", "flush"])
def test_no_code_is_lost_or_doubled(short_calls: Cluster, admin: Visitor, fault: str) -> None:
    batch = admin.order_codes(f"killed {fault}", CODES, "0.01")

    for _round in range(ROUNDS):
        time.sleep(MOMENT.uniform(0.05, 0.6))
        strike(short_calls, fault)
    books.wait_until(short_calls.is_healthy, "healthy again")
    books.wait_until(lambda: is_ready(short_calls, batch), "every code issued")
    codes = admin.download_codes(batch)

    assert len(codes) == CODES
    assert len(set(codes)) == CODES
    books.assert_books_balance(short_calls)


def is_ready(cluster: Cluster, batch: int) -> bool:
    return books.query(cluster, "SELECT state FROM redemption_batch WHERE id = %s", batch) == [("ready",)]


def assert_every_answer_is_booked(cluster: Cluster, load: Load) -> None:
    books.wait_until_no_call_is_open(cluster)
    journal = books.journal(cluster)
    requests_booked = [request for request, _outcome in journal.elements()]

    assert len(requests_booked) == len(set(requests_booked)), "a call was booked twice"
    assert {(request, "complete") for request in load.acknowledged} <= set(journal), "an answer went unbooked"
    assert books.served_requests(cluster) <= set(requests_booked), "a served call went unbooked"
    books.assert_books_balance(cluster)
