"""`manage.py up` as a whole: starts everything, keeps it running, leaves nothing behind."""

import shutil
import signal
import socket
from collections.abc import Iterator

import psutil
import pytest
import requests

from portal.embedded.postgres import EmbeddedPostgres
from portal.processes import leftovers
from tests.cluster import Cluster

pytestmark = pytest.mark.cluster

CHILDREN = ["postgres", "redis", "sandbox", "web", "worker", "beat"]


@pytest.fixture
def fresh() -> Iterator[Cluster]:
    """Give an installation that has not been started; the test stops what it starts."""
    cluster = Cluster()
    yield cluster
    leftovers.end(leftovers.of_every_child(cluster.state_dir), patience_seconds=20)
    EmbeddedPostgres(cluster.state_dir).end_leftovers()
    shutil.rmtree(cluster.state_dir)


def everything_of(cluster: Cluster) -> list[psutil.Process]:
    return [
        *leftovers.of_every_child(cluster.state_dir),
        *leftovers.working_in(cluster.state_dir / "postgres" / "data", "postgres"),
        *leftovers.working_in(cluster.state_dir / "redis", "redis-server"),
    ]


def test_the_welcome_says_what_to_open_and_how_to_log_in(cluster: Cluster) -> None:
    welcome = cluster.output.read_text()

    assert all(
        word in welcome
        for word in [
            cluster.site_url,
            cluster.base_url,
            f"{cluster.sandbox_url}/mailbox",
            "admin@example.com",
        ]
    )


def test_the_site_serves_its_own_assets(cluster: Cluster) -> None:
    stylesheet = requests.get(f"{cluster.site_url}/static/admin/css/base.css", timeout=10)

    assert (stylesheet.status_code, stylesheet.headers["content-type"]) == (200, "text/css")


def test_a_second_start_in_the_same_place_is_refused(cluster: Cluster) -> None:
    second = cluster.manage("up")

    assert second.returncode == 1
    assert (
        second.stderr
        == f"CommandError: Purser already runs in {cluster.state_dir}. Stop it first, or set VAR_DIR.\n"
    )


@pytest.mark.parametrize("name", CHILDREN)
def test_whoever_is_killed_is_back_at_once(cluster: Cluster, name: str) -> None:
    killed = cluster.pid(name)

    cluster.kill(name)

    cluster.wait_until(lambda: cluster.pid(name) != killed and psutil.pid_exists(cluster.pid(name)))
    cluster.wait_until(cluster.is_healthy)


def test_a_killed_site_leaves_no_old_worker_on_its_port(cluster: Cluster) -> None:
    old = leftovers.of_child(cluster.state_dir, "web")
    killed = cluster.pid("web")

    cluster.kill("web")
    cluster.wait_until(lambda: cluster.pid("web") != killed)

    assert len(old) > 1
    assert leftovers.wait_until_gone(old, seconds=0) == []
    cluster.wait_until(cluster.is_healthy)


def test_ctrl_c_leaves_no_process_and_a_database_that_starts_clean(fresh: Cluster) -> None:
    fresh.start()
    running = everything_of(fresh)

    code = fresh.stop(signal.SIGINT)

    assert code == 0
    assert len(running) > len(CHILDREN)
    assert leftovers.wait_until_gone(running, seconds=0) == everything_of(fresh) == []
    assert fresh.log("postgres").rstrip().endswith("database system is shut down")


def test_a_killed_supervisor_is_followed_by_a_start_as_any_other(fresh: Cluster) -> None:
    fresh.start()
    orphans = everything_of(fresh)
    fresh.stop(signal.SIGKILL)

    fresh.start()

    assert leftovers.wait_until_gone(orphans, seconds=0) == []
    assert fresh.stop() == 0


def test_a_port_in_use_is_refused_before_anything_starts(fresh: Cluster) -> None:
    with socket.create_server(("127.0.0.1", fresh.port)):
        refused = fresh.manage("up")

    assert refused.returncode == 1
    assert refused.stderr == f"CommandError: Port {fresh.port} is in use. Set PORT to a free one.\n"
    assert everything_of(fresh) == []


def test_servers_that_are_given_by_url_are_not_started(postgres_server: str, redis_server: str) -> None:
    with Cluster(DATABASE_URL=postgres_server, REDIS_URL=redis_server) as cluster:
        names = {path.stem for path in (cluster.state_dir / "run").glob("*.pid")}

    assert names == {"sandbox", "worker", "beat", "web"}
