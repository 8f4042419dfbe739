"""Fixtures for every test: the database server, a whole running product, and the browser."""

import os
import shutil
from collections.abc import Iterator

import hypothesis
import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.cluster import Cluster

# A busy machine is no failure: no test here asserts how long something takes.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BROWSER = "browser"
CLUSTER = "cluster"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: str) -> None:
    """Start PostgreSQL before Django makes its test database."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Keep PostgreSQL from learning what tables hold: how it reads them would depend on the tests before."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class"
            " WHERE relkind = 'r' AND relowner = current_user::regrole"
        )
        for [table] in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Run the whole product, as `make run` does, for all tests that leave it as they found it."""
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Drive the system's Chromium: Playwright's own would have to be downloaded."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": quiet + root}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Browser tests name the site that they open; Playwright's own fixture for it trips over a new pytest."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run quick tests first and the browser last: Playwright's loop would keep Django from its database."""
    items.sort(key=lambda item: (is_marked(item, BROWSER), is_marked(item, CLUSTER)))
    if CHROMIUM is None:
        for item in items:
            if is_marked(item, BROWSER):
                item.add_marker(pytest.mark.skip(reason="no Chromium"))


def is_marked(item: pytest.Item, name: str) -> bool:
    """Tell whether ``item`` has the marker; among its keywords are the names of parameters, too."""
    return item.get_closest_marker(name) is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if CHROMIUM is None:
        terminalreporter.section("NO BROWSER", sep="!", red=True, bold=True)
        terminalreporter.line("There is no chromium on the PATH: the browser tests did not run.")
