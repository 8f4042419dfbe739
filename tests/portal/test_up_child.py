"""One child process: how it starts, how it ends, and what of it is found again."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portal.processes import leftovers
from portal.processes.child import Child, ChildFailed

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
SLEEP_DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
# The grandchild leaves for a session of its own: no signal to the child's group would reach it.
SLEEP_TWICE = f"import os; os.fork() or os.setsid(); {SLEEP}"


def sleeper(state_dir: Path, code: str = SLEEP, *, patience_seconds: float = 10) -> Child:
    return Child("sleeper", [sys.executable, "-c", code], state_dir, patience_seconds=patience_seconds)


def start(child: Child, *, processes: int = 1) -> list[psutil.Process]:
    """Start ``child`` and return its ``processes`` once all are up."""
    child.start()
    child.wait_until(lambda: child.log.read_text().count("ready") == processes, seconds=30)
    return leftovers.of_child(child.state_dir, child.name)


def still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    return leftovers.wait_until_gone(processes, seconds=0)


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    yield
    leftovers.end(leftovers.of_every_child(tmp_path), patience_seconds=0)


def test_ctrl_c_in_the_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    child = sleeper(tmp_path)

    [process] = start(child)

    assert os.getsid(process.pid) != os.getsid(0)
    child.stop()


def test_a_stopped_child_takes_its_own_children_along(tmp_path: Path) -> None:
    child = sleeper(tmp_path, SLEEP_TWICE)
    both = start(child, processes=2)

    child.stop()

    assert len(both) == 2
    assert still_there(both) == []


def test_a_child_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    child = sleeper(tmp_path, SLEEP_DEAF, patience_seconds=0.1)
    processes = start(child)

    child.stop()

    assert still_there(processes) == []


def test_a_start_ends_what_an_earlier_run_left(tmp_path: Path) -> None:
    earlier, child = sleeper(tmp_path), sleeper(tmp_path)
    left = start(earlier)

    child.start()

    assert still_there(left) == []
    assert not earlier.is_running()
    child.stop()


def test_what_an_earlier_run_left_is_ended_by_force_if_it_does_not_listen(tmp_path: Path) -> None:
    earlier, child = sleeper(tmp_path, SLEEP_DEAF), sleeper(tmp_path, patience_seconds=0.1)
    left = start(earlier)

    child.start()

    assert still_there(left) == []
    assert not earlier.is_running()
    child.stop()


def test_a_start_leaves_the_same_child_of_another_installation_alone(tmp_path: Path) -> None:
    other, child = sleeper(tmp_path / "other"), sleeper(tmp_path / "ours")
    theirs = start(other)

    child.start()

    assert still_there(theirs) == theirs
    child.stop()
    other.stop()


def test_a_process_id_in_a_file_is_never_believed(tmp_path: Path) -> None:
    child = sleeper(tmp_path)
    child.pid_file.parent.mkdir()
    child.pid_file.write_text(f"{os.getpid()}\n")

    child.start()
    child.stop()

    assert psutil.Process().is_running()
    assert not child.pid_file.exists()


def test_a_child_that_ends_before_it_answers_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = sleeper(tmp_path, "raise SystemExit('no such database')")
    child.start()

    with pytest.raises(ChildFailed, match="no such database"):
        child.wait_until(lambda: False, seconds=30)


def test_a_child_that_never_answers_is_not_awaited_for_ever(tmp_path: Path) -> None:
    child = sleeper(tmp_path)
    start(child)

    with pytest.raises(ChildFailed, match="did not come up"):
        child.wait_until(lambda: False, seconds=0)
    child.stop()


def test_the_log_keeps_what_earlier_runs_said(tmp_path: Path) -> None:
    child = sleeper(tmp_path)
    start(child)
    child.stop()

    start(child, processes=2)

    assert child.log.read_text() == "ready\nready\n"
    child.stop()
