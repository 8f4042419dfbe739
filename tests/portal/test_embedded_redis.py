"""The embedded Redis: keeps its messages through any death."""

import shutil
from collections.abc import Iterator

import psutil
import pytest
import redis
from celery import Celery

from portal.embedded import addresses
from portal.embedded.redis import EmbeddedRedis
from tests import servers


@pytest.fixture
def server() -> Iterator[EmbeddedRedis]:
    state_dir = servers.new_state_dir()
    server = EmbeddedRedis(state_dir)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(state_dir)


def client(server: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(addresses.redis_url(server.state_dir), decode_responses=True)


def test_a_stored_value_is_there_after_a_clean_restart(server: EmbeddedRedis) -> None:
    client(server).set("kept", "42")

    server.stop()
    server.start()

    assert client(server).get("kept") == "42"


def test_it_starts_after_a_kill(server: EmbeddedRedis) -> None:
    process = psutil.Process(int(server.pid_file.read_text()))
    process.kill()
    process.wait()
    assert not server.is_running()

    server.start()

    assert client(server).ping()


def test_it_takes_over_from_a_server_whose_supervisor_is_gone(server: EmbeddedRedis) -> None:
    client(server).set("kept", "42")
    successor = EmbeddedRedis(server.state_dir)

    successor.start()

    assert not server.is_running()
    assert client(successor).get("kept") == "42"
    successor.stop()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("maxmemory-policy", "noeviction"), ("appendonly", "yes"), ("port", "0"), ("slowlog-max-len", "0")],
)
def test_it_carries_messages_and_is_no_cache(server: EmbeddedRedis, setting: str, value: str) -> None:
    assert client(server).config_get(setting) == {setting: value}


def test_celery_reaches_it_through_its_socket(server: EmbeddedRedis) -> None:
    app = Celery(broker=addresses.celery_url(addresses.redis_url(server.state_dir)))

    app.send_task("ledger.tasks.expire_holds")

    assert client(server).llen("celery") == 1
    app.close()
