"""The whole product in processes of its own, as `make run` starts it: to talk to, and to kill."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import requests

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120
STOP_SECONDS = 90
PORTS = random.SystemRandom()  # two runs with the same seed must not meet


class Cluster:
    """One `manage.py up` on free ports with a state directory of its own, gone at the end.

    ``environment`` adds settings, such as ``WEB_WORKERS="2"``.
    """

    def __init__(self, **environment: str) -> None:
        self.state_dir = servers.new_state_dir()
        self.port, self.sandbox_port, self.smtp_port = free_ports(3)
        self.site_url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.site_url}/v1"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings.local",
            "VAR_DIR": str(self.state_dir),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "SANDBOX_SMTP_PORT": str(self.smtp_port),
            "SIGNUPS_PER_HOUR": "1000",  # everybody in the stories comes from one address
            **environment,
        }
        self._up: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = self.stop()
        shutil.rmtree(self.state_dir, ignore_errors=True)
        assert code == 0, f"`manage.py up` ended with {code}"

    def start(self) -> None:
        """Start everything and return when it is ready."""
        with self.output.open("wb") as output:
            self._up = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        self.wait_until(lambda: "Ready." in self.output.read_text())

    def wait_until_ready(self) -> None:
        """Wait until the site is healthy, as after a kill."""
        self.wait_until(self.is_healthy)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something ``is_so``, while the supervisor lives; fail with what it has said."""
        deadline = time.monotonic() + READY_SECONDS
        while not is_so():
            assert self._up is not None
            assert self._up.poll() is None, f"`manage.py up` ended:\n{self.output.read_text()}"
            assert time.monotonic() < deadline, f"waited in vain:\n{self.output.read_text()}"
            time.sleep(0.1)

    def is_healthy(self) -> bool:
        """Tell whether the site answers and says that it can work."""
        try:
            return requests.get(f"{self.site_url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop everything with ``how`` and return the exit code of `manage.py up`."""
        assert self._up is not None
        self._up.send_signal(how)
        return self._up.wait(STOP_SECONDS)

    def pid(self, name: str) -> int:
        """Return the process id of ``name``: postgres, redis, sandbox, web, worker or beat."""
        return int((self.state_dir / "run" / f"{name}.pid").read_text())

    def kill(self, name: str) -> None:
        """End ``name`` at once, as a crash would; the supervisor is expected to start it again."""
        victim = self.pid(name)
        os.kill(victim, signal.SIGKILL)
        while _is_alive(victim):
            time.sleep(0.01)

    def is_running(self, name: str) -> bool:
        """Tell whether ``name`` runs now, as after a kill once the supervisor has started it again."""
        return _is_alive(self.pid(name))

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Keep ``name`` away for a while: killed, while the supervisor is held still."""
        assert self._up is not None
        self._up.send_signal(signal.SIGSTOP)
        self.kill(name)
        try:
            yield
        finally:
            self._up.send_signal(signal.SIGCONT)
        self.wait_until_ready()

    def log(self, name: str) -> str:
        """Return what ``name`` has said so far."""
        return (self.state_dir / "logs" / f"{name}.log").read_text()

    @property
    def output(self) -> Path:
        """The file with what `manage.py up` itself prints."""
        return self.state_dir / "up.out"

    def manage(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a management command inside this installation and return what came of it."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env={**self.environment, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, from below the range that the kernel gives to clients."""
    found: list[int] = []
    while len(found) < count:
        port = PORTS.randint(20_000, 30_000)
        if port not in found and is_free(port):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
