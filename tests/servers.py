"""What a test run stands on: a state directory of its own, and throw-away servers in it.

A pytest plugin, because pytest-django reads the settings before any conftest is loaded. The directory
is named then; the servers start when the first test asks for them.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portal.embedded import addresses
from portal.embedded.postgres import EmbeddedPostgres
from portal.embedded.redis import EmbeddedRedis

PREFIX = "purser-test-"
SETTINGS = Path(__file__).resolve().parent.parent / "portal" / "settings"
# What the settings read. A developer's shell that says it of another installation must not reach a test.
SETTING_NAMES = {
    name
    for path in SETTINGS.glob("*.py")
    for name in re.findall(r'environ(?:ment)?(?:\.get\(|\[)"(\w+)"', path.read_text())
} - {"TEST_BROKER_URL"}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    for name in SETTING_NAMES:
        os.environ.pop(name, None)
    _clear_after_killed_runs()
    state_dir = new_state_dir()
    os.environ["VAR_DIR"] = str(state_dir)
    early_config.add_cleanup(lambda: shutil.rmtree(state_dir, ignore_errors=True))


def new_state_dir() -> Path:
    """Return a fresh state directory that the embedded servers may enter, whoever runs the tests."""
    path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")).resolve()
    path.chmod(0o711)
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run PostgreSQL until the last test has ended, and give its URL."""
    state_dir = Path(os.environ["VAR_DIR"])
    server = EmbeddedPostgres(state_dir, durable=False)
    server.start()
    yield addresses.postgres_url(state_dir)
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Run Redis until the last test has ended, and give its URL."""
    state_dir = Path(os.environ["VAR_DIR"])
    server = EmbeddedRedis(state_dir)
    server.start()
    yield addresses.redis_url(state_dir)
    server.stop()


def _clear_after_killed_runs() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = int(path.name.removeprefix(PREFIX).split("-")[0])
        if os.access(path, os.W_OK) and not psutil.pid_exists(owner):
            EmbeddedPostgres(path).end_leftovers()
            EmbeddedRedis(path).end_leftovers()
            shutil.rmtree(path, ignore_errors=True)
