"""Who starts, revives and stops the children."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.processes import leftovers
from portal.processes.child import Child, ChildFailed
from portal.processes.supervisor import StopRequested, Supervisor

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
FAIL = "raise SystemExit('out of order')"


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    yield
    leftovers.end(leftovers.of_every_child(tmp_path), patience_seconds=0)


@pytest.fixture
def said() -> list[str]:
    return []


def child(state_dir: Path, name: str, code: str = SLEEP) -> Child:
    return Child(name, [sys.executable, "-c", code], state_dir)


def kill(child: Child) -> int:
    pid = int(child.pid_file.read_text())
    os.kill(pid, signal.SIGKILL)
    return pid


def test_children_stop_in_the_reverse_order_of_their_start(tmp_path: Path, said: list[str]) -> None:
    with Supervisor(said.append) as supervisor:
        supervisor.keep(child(tmp_path, "database"))
        supervisor.keep(child(tmp_path, "web"))

    assert said == ["database: starting", "web: starting", "web: stopping", "database: stopping"]


def test_nothing_is_left_when_a_child_cannot_be_started(tmp_path: Path, said: list[str]) -> None:
    with Supervisor(said.append) as supervisor:
        supervisor.keep(child(tmp_path, "database"))
        with pytest.raises(ChildFailed, match="No such file"):
            supervisor.keep(Child("web", ["/no/such/program"], tmp_path))

    assert leftovers.of_every_child(tmp_path) == []


def test_a_killed_child_is_started_again(tmp_path: Path, said: list[str]) -> None:
    web = child(tmp_path, "web")
    with Supervisor(said.append) as supervisor:
        supervisor.keep(web)
        killed = kill(web)

        supervisor.wait_until(lambda: int(web.pid_file.read_text()) != killed, seconds=10)

        assert web.is_running()


def test_a_child_that_keeps_dying_is_tried_ever_more_rarely(tmp_path: Path, said: list[str]) -> None:
    with Supervisor(said.append) as supervisor:
        supervisor.keep(child(tmp_path, "web", FAIL))
        supervisor.wait_until(lambda: len(said) == 4, seconds=20)

    assert [line.split(" again in ")[1] for line in said[1:4]] == ["0 s", "0.5 s", "1 s"]


def test_a_step_runs_to_its_end(tmp_path: Path, said: list[str]) -> None:
    step = child(tmp_path, "migrate", "print('done')")

    with Supervisor(said.append) as supervisor:
        supervisor.run(step)

    assert step.log.read_text() == "done\n"


def test_a_step_that_fails_is_told_with_its_last_words(tmp_path: Path, said: list[str]) -> None:
    with Supervisor(said.append) as supervisor, pytest.raises(ChildFailed, match="out of order"):
        supervisor.run(child(tmp_path, "migrate", FAIL))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_watch(tmp_path: Path, said: list[str], number: signal.Signals) -> None:
    with Supervisor(said.append) as supervisor:
        supervisor.keep(child(tmp_path, "web"))
        os.kill(os.getpid(), number)
        with pytest.raises(StopRequested):
            supervisor.watch()

    assert leftovers.of_every_child(tmp_path) == []


def test_the_end_of_make_ends_the_watch(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    with Supervisor(said.append) as supervisor:
        monkeypatch.setattr(os, "getppid", lambda: 1)

        with pytest.raises(StopRequested):
            supervisor.watch()


def test_a_signal_interrupts_a_step(tmp_path: Path, said: list[str]) -> None:
    with Supervisor(said.append) as supervisor:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopRequested):
            supervisor.run(child(tmp_path, "migrate"))

    assert leftovers.of_every_child(tmp_path) == []


def test_signals_mean_what_they_meant_before_when_the_block_has_ended(said: list[str]) -> None:
    before = signal.getsignal(signal.SIGINT)

    with Supervisor(said.append):
        pass

    assert signal.getsignal(signal.SIGINT) is before


def test_what_does_not_get_ready_in_time_is_an_error(said: list[str]) -> None:
    with Supervisor(said.append) as supervisor, pytest.raises(ChildFailed, match="Not ready"):
        supervisor.wait_until(lambda: False, seconds=0)
