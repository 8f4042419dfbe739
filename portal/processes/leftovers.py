"""Processes that outlived whoever started them: how they are recognised and ended.

Every child carries a mark in its environment, and passes it on to its own children. So a process is
known as ours by what it was started with, never by a number that may belong to a stranger by now.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARK_STATE_DIR = "PURSER_STATE_DIR"
MARK_NAME = "PURSER_CHILD"


def mark(state_dir: Path, name: str) -> dict[str, str]:
    """Return the environment that marks a process as child ``name`` of ``state_dir``."""
    return {MARK_STATE_DIR: str(state_dir), MARK_NAME: name}


def of_child(state_dir: Path, name: str) -> list[psutil.Process]:
    """Return what runs under the mark of one child, its own children included."""
    marks = mark(state_dir, name).items()
    return [each for each in psutil.process_iter() if _environment(each).items() >= marks]


def of_every_child(state_dir: Path) -> list[psutil.Process]:
    """Return what runs under the mark of any child of ``state_dir``."""
    place = str(state_dir)
    return [each for each in psutil.process_iter() if _environment(each).get(MARK_STATE_DIR) == place]


def working_in(directory: Path, program: str) -> list[psutil.Process]:
    """Return the processes called ``program`` whose working directory is ``directory``.

    A server that rewrites its process title loses its environment, and with it the mark.
    """
    wanted = {"name": program, "cwd": str(directory.resolve())}
    return [each for each in psutil.process_iter(["name", "cwd"]) if each.info == wanted]


def end(processes: Sequence[psutil.Process], *, patience_seconds: float) -> None:
    """Ask ``processes`` to end, and after ``patience_seconds`` make them; return when all are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    remaining = wait_until_gone(processes, seconds=patience_seconds)
    for process in remaining:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until_gone(remaining, seconds=10)


def wait_until_gone(processes: Sequence[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Wait at most ``seconds`` until ``processes`` have ended; return those that have not."""
    deadline = time.monotonic() + seconds
    while (remaining := [each for each in processes if _is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return remaining


def _is_alive(process: psutil.Process) -> bool:
    try:
        # A zombie holds nothing any more; where nobody reaps orphans it stays for ever.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):  # gone meanwhile, or not ours to read
        return {}
