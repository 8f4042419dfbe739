"""Prompts, keys, codes and passwords reach no file, no table, no log and no queue but where they belong."""

import mmap
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
import redis

from portal.embedded import addresses, postgres
from tests.cluster import Cluster
from tests.stories import books
from tests.stories.visitor import Mailbox, Visitor

pytestmark = pytest.mark.cluster

PASSWORD = "canary-Passw0rd-7d1e"
PROMPT = "canary-prompt-9b2f says 你好-canary"


@dataclass
class Walk:
    """What one visitor planted, and the product that it was planted in."""

    cluster: Cluster
    dump: bytes
    queue: bytes
    planted: dict[str, list[bytes]]


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    with Cluster() as cluster:
        planted = plant(cluster)
        yield Walk(cluster, dump_of(cluster), queue_of(cluster), planted)


@pytest.mark.parametrize("kind", ["password", "prompt", "key", "code"])
def test_no_file_holds_it(walk: Walk, kind: str) -> None:
    files = [path for path in walk.cluster.state_dir.rglob("*") if path.is_file() and path.stat().st_size]

    assert len(files) > 20
    assert [str(path) for path in files for value in walk.planted[kind] if holds(path, value)] == []


@pytest.mark.parametrize("kind", ["password", "prompt", "key", "code"])
def test_no_table_and_no_queue_holds_it(walk: Walk, kind: str) -> None:
    assert [value for value in walk.planted[kind] if value in walk.dump or value in walk.queue] == []


def test_the_walk_left_traces_where_it_may(walk: Walk) -> None:
    """The searches above would also pass on an empty dump: what may be kept is there."""
    assert b"canary@example.com" in walk.dump
    assert walk.planted["key"][1][3:15] in walk.dump


def plant(cluster: Cluster) -> dict[str, list[bytes]]:
    """Use every secret once where all is well and once where the database is away."""
    admin, newcomer = Visitor(cluster.site_url), Visitor(cluster.site_url)
    admin.log_in("admin@example.com", "purser-admin-demo")
    batch = admin.order_codes("canaries", 3, "5")
    books.wait_until(
        lambda: books.query(cluster, "SELECT id FROM redemption_batch WHERE state = 'ready'") != [], "ready"
    )
    codes = admin.download_codes(batch)
    newcomer.register("canary@example.com", PASSWORD, Mailbox(cluster.sandbox_url))
    newcomer.redeem(codes[0])
    key = newcomer.create_key("canary")
    call(cluster, key)
    with_the_database_away(cluster, newcomer, key, codes[1])
    return {
        "password": [PASSWORD.encode()],
        "prompt": [b"canary-prompt-9b2f", "你好-canary".encode(), rb"\u4f60\u597d-canary"],
        "key": [key[15:47].encode(), key.encode()],
        "code": [form.encode() for code in codes for form in (code, code.replace("-", ""), code.lower())],
    }


def with_the_database_away(cluster: Cluster, newcomer: Visitor, key: str, code: str) -> None:
    """Walk the ways that end in an error page: nothing of what was typed may be in the traceback."""
    with cluster.without("postgres"):
        newcomer.redeem(code)
        call(cluster, key)
        Visitor(cluster.site_url).post("/login", login="canary@example.com", password=PASSWORD)


def call(cluster: Cluster, key: str) -> None:
    client = openai.OpenAI(base_url=cluster.base_url, api_key=key, max_retries=0)
    with client, suppress(openai.APIError):
        client.chat.completions.create(model="deepseek-chat", messages=[{"role": "user", "content": PROMPT}])


def dump_of(cluster: Cluster) -> bytes:
    command = [postgres.program("pg_dump"), "--inserts", addresses.postgres_url(cluster.state_dir)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def queue_of(cluster: Cluster) -> bytes:
    with redis.Redis.from_url(addresses.redis_url(cluster.state_dir)) as client:
        return b"\n".join(client.dump(name) or b"" for name in client.scan_iter())


def holds(path: Path, value: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(value) >= 0
