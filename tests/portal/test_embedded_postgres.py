"""The embedded PostgreSQL: starts after any death, and keeps quiet about values."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from portal.embedded import addresses
from portal.embedded.postgres import EmbeddedPostgres
from portal.processes.child import Child, ChildFailed
from tests import servers


@pytest.fixture
def state_dir() -> Iterator[Path]:
    path = servers.new_state_dir()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def one_server() -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(servers.new_state_dir())
    yield server
    server.stop()
    shutil.rmtree(server.state_dir)


@pytest.fixture
def server(one_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """Give a running server, whatever the test before did to it."""
    one_server.start()
    return one_server


def connect(server: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(addresses.postgres_url(server.state_dir), autocommit=True)


def ask(server: EmbeddedPostgres, question: str) -> object:
    with connect(server) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row
    return row[0]


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int(server.pid_file.read_text()))


def kill(server: EmbeddedPostgres) -> None:
    process = postmaster(server)
    process.kill()
    process.wait()
    assert not server.is_running()


def test_it_is_as_careful_as_any_server_and_listens_on_no_port(server: EmbeddedPostgres) -> None:
    found = ask(
        server,
        "SELECT array_agg(setting ORDER BY name) FROM pg_settings"
        " WHERE name IN ('data_checksums', 'fsync', 'full_page_writes', 'listen_addresses')",
    )

    assert found == ["on", "on", "on", ""]


def test_the_application_is_no_superuser(server: EmbeddedPostgres) -> None:
    assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_what_was_committed_is_there_after_a_kill(server: EmbeddedPostgres) -> None:
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    kill(server)

    server.start()

    assert ask(server, "SELECT value FROM kept") == 42


def test_it_starts_although_a_session_outlived_the_killed_server(server: EmbeddedPostgres) -> None:
    with connect(server) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        backend.suspend()  # so that it cannot notice that its parent is gone
        kill(server)

        server.start()

    assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE


def test_it_starts_although_the_noted_process_id_belongs_to_a_stranger(server: EmbeddedPostgres) -> None:
    server.stop()
    stranger = Child("stranger", ["sleep", "600"], server.state_dir, run_as=server.run_as)
    stranger.start()
    (server.data / "postmaster.pid").write_text(f"{stranger.pid_file.read_text()}{server.data}\n")

    server.start()

    assert ask(server, "SELECT 1") == 1
    assert stranger.is_running()
    stranger.stop()


def test_it_takes_over_from_a_server_whose_supervisor_is_gone(server: EmbeddedPostgres) -> None:
    old = postmaster(server)
    successor = EmbeddedPostgres(server.state_dir)

    successor.start()

    assert not old.is_running() or old.status() == psutil.STATUS_ZOMBIE
    successor.stop()


def test_an_interrupted_first_start_leaves_nothing_in_the_way(state_dir: Path) -> None:
    half = state_dir / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("16\n")
    server = EmbeddedPostgres(state_dir)

    server.start()

    assert ask(server, "SELECT 1") == 1
    server.stop()


def test_a_refused_row_does_not_reach_the_log(server: EmbeddedPostgres) -> None:
    with connect(server) as connection:
        connection.execute("CREATE TABLE once (value text PRIMARY KEY)")
        connection.execute("INSERT INTO once VALUES (%s)", ["sk-planted"])
        with pytest.raises(psycopg.errors.UniqueViolation, match="sk-planted"):
            connection.execute("INSERT INTO once VALUES (%s)", ["sk-planted"])
        with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="sk-planted"):
            connection.execute("SELECT 'sk-planted'::int")

    assert "sk-planted" not in server.log.read_text()


def test_a_server_that_cannot_start_says_why(state_dir: Path) -> None:
    data = state_dir / "postgres" / "data"
    data.mkdir(parents=True)
    server = EmbeddedPostgres(state_dir)

    with pytest.raises(ChildFailed, match="configuration file"):
        server.start()


def test_stopping_is_a_clean_shutdown(server: EmbeddedPostgres) -> None:
    session = connect(server)

    server.stop()

    assert "database system is shut down" in server.log.read_text()
    assert server.exit_code == 0
    session.close()
