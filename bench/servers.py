"""Servers that benchmarks call: the real one with any application, and others beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from django.conf import settings

START_SECONDS = 90
STOP_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, and its first process."""

    port: int
    process: psutil.Process

    @property
    def family(self) -> list[psutil.Process]:
        """The process and all that it has started."""
        return [self.process, *self.process.children(recursive=True)]

    @property
    def cpu_seconds(self) -> float:
        """What it has used of the processors so far."""
        return sum(times.user + times.system for times in (each.cpu_times() for each in self.family))

    @property
    def memory_mb(self) -> float:
        """The memory of the largest of its processes, the one that works."""
        return max(each.memory_info().rss for each in self.family) / 1e6


@contextmanager
def granian(application: str, *, port: int, role: str, folder: Path) -> Iterator[Server]:
    """Run ``application``, of a module in ``folder`` or of the product, under one worker."""
    options = f"--interface asgi --loop uvloop --host 127.0.0.1 --port {port} --workers 1 --no-ws"
    command = [sys.executable, "-m", "granian", *options.split(), "--log-level", "warning", application]
    # The product comes first: folders here have names of its rooms.
    environment = {"PYTHONPATH": f"{settings.BASE_DIR}:{folder}", "PORTAL_ROLE": role}
    with running(command, port=port, folder=settings.BASE_DIR, health="/healthz", **environment) as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], *, port: int, folder: Path, health: str, **environment: str
) -> Iterator[Server]:
    """Run ``command`` in ``folder`` while it is needed, once it answers at ``health``; its log is a file."""
    with (settings.VAR_DIR / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log
        )
    try:
        wait_until_healthy(process, f"http://127.0.0.1:{port}{health}", Path(log.name))
        yield Server(port, psutil.Process(process.pid))
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End ``process`` and all that it has started: by asking, and by force what does not hear."""
    family: list[psutil.Process] = []
    if process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    _, left = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for each in left:
        each.kill()


def wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return when the server answers; raise what it has said when it ends or does not answer."""
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline and process.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text())
