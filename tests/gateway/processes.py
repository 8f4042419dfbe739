"""A gateway in a process of its own, as an operator starts it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from tests.cluster import ROOT, free_ports

READY_SECONDS = 60
STOP_SECONDS = 30


class GatewayProcess:
    """The gateway alone, under granian, on a free port; its log is a file."""

    def __init__(self, database_url: str, log: Path, **environment: str) -> None:
        [self.port] = free_ports(1)
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.log = log
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings.local",
            "PORTAL_ROLE": "gateway",
            "DATABASE_URL": database_url,
            **environment,
        }

    def __enter__(self) -> Self:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws",
                    "--port", str(self.port), "portal.asgi:application",
                ],
                cwd=ROOT, env=self._environment, stdout=output, stderr=output,
            )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask_to_stop()
        self.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Return the exit code once the process has ended."""
        return self._process.wait(STOP_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return requests.get(self.base_url, timeout=5).status_code == 404
        except requests.ConnectionError:
            return False
