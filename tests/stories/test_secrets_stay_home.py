"""Prompts, keys, codes and passwords reach no file, no table, no log and no queue but where they belong."""

import mmap
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anthropic
import openai
import pytest
import redis
import requests
from openai.types.chat import ChatCompletionMessageParam

from portal.embedded import addresses, postgres
from tests.cluster import Cluster
from tests.stories import books
from tests.stories.creem_store import CreemStore
from tests.stories.visitor import CODE_SHAPE, KEY_SHAPE, Mailbox, Visitor

pytestmark = pytest.mark.cluster

PASSWORD = "canary-Passw0rd-7d1e"
PROMPT = "canary-prompt-9b2f says 你好-canary"
KINDS = ["password", "prompt", "key", "code", "order number"]
NUMBER_SHAPE = re.compile(r'id="order-number"[^>]*value="([^"]+)"')
ORDER_STATE = "SELECT state FROM billing_order WHERE reference = %s"


@dataclass
class Walk:
    """What one visitor planted, and the product that it was planted in."""

    cluster: Cluster
    dump: bytes
    queue: bytes
    traffic: bytes
    planted: dict[str, list[bytes]]


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    with Cluster() as cluster:
        planted = plant(cluster)
        yield Walk(cluster, dump_of(cluster), queue_of(cluster), traffic_of(cluster), planted)


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_holds_it(walk: Walk, kind: str) -> None:
    files = [path for path in walk.cluster.state_dir.rglob("*") if path.is_file() and path.stat().st_size]

    assert len(files) > 20
    assert [str(path) for path in files for value in walk.planted[kind] if holds(path, value)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_table_and_no_queue_holds_it(walk: Walk, kind: str) -> None:
    assert [value for value in walk.planted[kind] if value in walk.dump or value in walk.queue] == []


def test_no_provider_hears_of_it(walk: Walk) -> None:
    assert b"/v1/checkouts" in walk.traffic
    assert [value for values in walk.planted.values() for value in values if value in walk.traffic] == []


def test_the_walk_left_traces_where_it_may(walk: Walk) -> None:
    """The searches above would also pass on an empty dump: what may be kept is there."""
    assert b"canary@example.com" in walk.dump
    assert walk.planted["key"][0][3:15] in walk.dump


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
    books.change(cluster, "UPDATE billing_package SET delivery = 'code' WHERE slug = 'starter'")
    bought_key, key_number = bought(cluster, "trial", KEY_SHAPE)
    bought_code, code_number = bought(cluster, "starter", CODE_SHAPE)
    with_the_database_away(cluster, newcomer, key, codes[1], key_number)
    return {
        "password": [PASSWORD.encode()],
        "prompt": [b"canary-prompt-9b2f", "你好-canary".encode(), rb"\u4f60\u597d-canary"],
        "key": [form.encode() for text in (key, bought_key) for form in (text, text[15:47])],
        "code": as_typed(*codes, bought_code),
        "order number": as_typed(key_number, code_number),
    }


def bought(cluster: Cluster, slug: str, shape: re.Pattern[str]) -> tuple[str, str]:
    """Buy a package, look it up elsewhere, use every button, and return what was delivered and the number."""
    guest = Visitor(cluster.site_url)
    reference = guest.order(slug, "canary@example.com")
    CreemStore(cluster).pay(reference)
    books.wait_until(lambda: books.query(cluster, ORDER_STATE, reference) == [("delivered",)], "delivered")
    page = guest.get(f"/orders/{reference}").text
    number, secret = NUMBER_SHAPE.findall(page)[0], shape.findall(page)[0]
    assert secret != number
    guest.post(f"/orders/{reference}/test")
    Visitor(cluster.site_url).post("/orders/lookup", number=number)
    Visitor(cluster.site_url).post("/wallet/redeem", code=number)
    return secret, number


def as_typed(*texts: str) -> list[bytes]:
    """Return the forms in which a code or a number could be written down."""
    return [form.encode() for text in texts for form in (text, text.replace("-", ""), text.lower())]


def with_the_database_away(cluster: Cluster, newcomer: Visitor, key: str, code: str, number: str) -> None:
    """Walk the ways that end in an error page: nothing of what was typed may be in the traceback."""
    with cluster.without("postgres"):
        newcomer.redeem(code)
        newcomer.post("/orders/lookup", number=number)
        call(cluster, key)
        Visitor(cluster.site_url).post("/login", login="canary@example.com", password=PASSWORD)


def call(cluster: Cluster, key: str) -> None:
    """Say the prompt on every surface, to upstreams of both protocols, and where refusals might repeat it."""
    for model in ("deepseek-chat", "claude-sonnet-5"):
        chat(cluster, key, model)
        write(cluster, key, model)
    with (
        openai.OpenAI(base_url=cluster.base_url, api_key=key, max_retries=0) as client,
        suppress(openai.APIError),
    ):
        client.embeddings.create(model="text-embedding-3-small", input=PROMPT)


def chat(cluster: Cluster, key: str, model: str) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": PROMPT}]
    with openai.OpenAI(base_url=cluster.base_url, api_key=key, max_retries=0) as client:
        for extra in ({}, {PROMPT: PROMPT}, {"tools": PROMPT}):
            with suppress(openai.APIError):
                client.chat.completions.create(model=model, messages=asked, extra_body=extra)


def write(cluster: Cluster, key: str, model: str) -> None:
    asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": PROMPT}]
    with anthropic.Anthropic(base_url=cluster.site_url, api_key=key, max_retries=0) as client:
        for extra in ({}, {PROMPT: PROMPT}, {"system": [{"type": PROMPT}]}):
            with suppress(anthropic.APIError):
                client.messages.create(model=model, max_tokens=50, messages=asked, extra_body=extra)
        with suppress(anthropic.APIError):
            client.messages.count_tokens(model=model, messages=asked)


def dump_of(cluster: Cluster) -> bytes:
    command = [postgres.program("pg_dump"), "--inserts", addresses.postgres_url(cluster.state_dir)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def queue_of(cluster: Cluster) -> bytes:
    with redis.Redis.from_url(addresses.redis_url(cluster.state_dir)) as client:
        return b"\n".join(client.dump(name) or b"" for name in client.scan_iter())


def traffic_of(cluster: Cluster) -> bytes:
    with requests.get(f"{cluster.sandbox_url}/control/creem/traffic", timeout=30) as answer:
        return answer.content


def holds(path: Path, value: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(value) >= 0
