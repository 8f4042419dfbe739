"""One program of ours: a direct child that should be running, in a session of its own.

The session keeps the terminal's Ctrl-C away from it: only its supervisor decides in which order
things end. What it says goes to a log file of its own.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from portal.processes import leftovers

LAST_LINES = 5


class ChildFailed(Exception):
    """A program could not be started, or ended when it should have gone on."""


class Account(NamedTuple):
    """A user and a group of the operating system, to run a program as."""

    uid: int
    gid: int


@dataclass
class Child:
    """A program, where its files belong, whom it runs as, and how it is stopped."""

    name: str
    command: Sequence[str]
    state_dir: Path
    working_dir: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    run_as: Account | None = None  # ourselves; only root may name another
    stop_signal: signal.Signals = signal.SIGTERM
    patience_seconds: float = 10
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """The file that takes all it says."""
        return self.state_dir / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """The file that names the process, for people and tests; nothing here trusts it."""
        return self.state_dir / "run" / f"{self.name}.pid"

    @property
    def exit_code(self) -> int | None:
        """What the program ended with; None while it runs, or before it was started."""
        return self._process.poll() if self._process else None

    def is_running(self) -> bool:
        """Tell whether the program was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program, once nothing of an earlier run of it is left; ChildFailed when it cannot."""
        self.end_leftovers()
        if self._process:
            self._process.wait()
        for path in (self.log, self.pid_file):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._process = self._spawn()
        except OSError as error:
            raise ChildFailed(f"{self.name} could not be started: {error}") from error
        draft = self.pid_file.with_suffix(".new")
        draft.write_text(f"{self._process.pid}\n")
        draft.replace(self.pid_file)  # nobody reads half of it

    def wait_until(self, answers: Callable[[], bool], *, seconds: float) -> None:
        """Wait until the program ``answers``; raise ChildFailed when it ends first or ``seconds`` pass."""
        deadline = time.monotonic() + seconds
        while not answers():
            if not self.is_running() or time.monotonic() > deadline:
                raise ChildFailed(f"{self.name} did not come up. {self.last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask the program to end, wait, and if it does not, make it; likewise what it leaves behind."""
        if self._process and self.is_running():
            self._process.send_signal(self.stop_signal)
            self._wait_or_kill(self._process)
        self.end_leftovers()
        self.pid_file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """Return where the log is, and its last lines."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n    ".join([f"The end of {self.log}:", *lines])

    def end_leftovers(self) -> None:
        """End what is left of an earlier run: this program's own children, or all of it."""
        leftovers.end(leftovers.of_child(self.state_dir, self.name), patience_seconds=self.patience_seconds)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - a command line of ours, never of a visitor
                self.command,
                cwd=self.working_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, **leftovers.mark(self.state_dir, self.name)},
                start_new_session=True,
                user=self.run_as.uid if self.run_as else None,
                group=self.run_as.gid if self.run_as else None,
                extra_groups=[] if self.run_as else None,
            )

    def _wait_or_kill(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self.patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
