"""What every benchmark stands on: a durable PostgreSQL that is thrown away, and one table to print."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from portal.embedded import addresses
from portal.embedded.postgres import EmbeddedPostgres


@contextmanager
def database() -> Iterator[str]:
    """Run the benchmark's own PostgreSQL, or the named one, with all tables made; give its URL."""
    settings.VAR_DIR.chmod(0o711)
    embedded = addresses.postgres_url(settings.VAR_DIR) == settings.DATABASE_URL
    server = EmbeddedPostgres(settings.VAR_DIR)
    if embedded:
        server.start()
    try:
        call_command("migrate", verbosity=0)
        yield settings.DATABASE_URL
    finally:
        connections.close_all()
        if embedded:
            server.stop()
        shutil.rmtree(settings.VAR_DIR)


def leave_no_trace() -> None:
    """Remove the state directory, for a benchmark that brings servers of its own."""
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


def verdict(
    ours: str, our_rate: float, bare: str, bare_rate: float, *, unit: str, least_percent: int
) -> bool:
    """Print what was measured beside the machine's limit; tell whether it reaches the share it must."""
    percent = 100 * our_rate / bare_rate
    print(f"{ours:<40} {our_rate:>12,.0f} {unit}")
    print(f"{bare:<40} {bare_rate:>12,.0f} {unit}")
    print(f"{'share':<40} {percent:>12.0f} %   (at least {least_percent} %)")
    return percent >= least_percent
