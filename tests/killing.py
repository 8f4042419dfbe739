"""Workers that die: a process of its own does something and is killed at an exact moment of it."""

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

Act = Callable[[], object]


class _Death:
    """Kills its process at one moment: even ones are just before a statement, odd ones just after it."""

    def __init__(self, moment: int) -> None:
        self._moment = moment
        self._passed = 0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self._pass()
        result = execute(*statement)
        self._pass()
        return result

    def _pass(self) -> None:
        if self._passed == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)
        self._passed += 1


def survives(act: Act, *, moment: int) -> bool:
    """Do ``act`` in a worker that is killed at its ``moment``-th moment; tell whether it ended before that.

    A worker that fails otherwise fails the test. The test needs `pytest.mark.django_db(transaction=True)`.
    """
    return ended(start(act, moment=moment))


def start(act: Act, *, moment: int = -1) -> int:
    """Begin ``act`` in a worker and return its process id; without a moment it is left alone."""
    connections.close_all()  # a connection must not have two owners
    pid = os.fork()
    if pid == 0:
        _work(act, moment)
    return pid


def ended(pid: int) -> bool:
    """Wait for a worker; tell whether it ended by itself, and not by being killed."""
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "the worker failed"
    return True


def _work(act: Act, moment: int) -> None:
    code = 1
    try:
        with connection.execute_wrapper(_Death(moment)):
            act()
        code = 0
    finally:
        os._exit(code)
