"""The `make` that called `manage.py up`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from portal.processes.caller import Caller

WATCH = """
import time
from portal.processes.caller import Caller

caller = Caller()
print("watching", flush=True)
while not caller.wants_to_end():
    time.sleep(0.01)
print("ended", flush=True)
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a `make` whose recipe runs and watches it."""
    (tmp_path / "watch.py").write_text(WATCH)
    (tmp_path / "Makefile").write_text(f"run:\n\t@{sys.executable} {tmp_path}/watch.py\n")
    # The tests may run under a make of their own, which must not speak to this one.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    make = subprocess.Popen(
        ["make", "-f", tmp_path / "Makefile"],
        env={**outer, "PYTHONPATH": "."},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield make
    with suppress(ProcessLookupError):
        os.killpg(make.pid, signal.SIGKILL)
    make.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_make_alone_ends_what_make_runs(
    make: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert make.stdout
    assert make.stdout.readline() == "watching\n"

    make.send_signal(number)

    assert make.stdout.readline() == "ended\n"


def test_without_make_a_vanished_parent_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAKELEVEL", raising=False)
    caller = Caller()
    monkeypatch.setattr(os, "getppid", lambda: 1)

    assert not caller.wants_to_end()
