"""What one run of the product needs for itself alone: the state directory and the ports."""

import fcntl
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class AlreadyTaken(Exception):
    """The state directory or a port is in use."""


@contextmanager
def state_dir(path: Path) -> Iterator[None]:
    """Hold ``path`` for this process; AlreadyTaken while another one does.

    The lock is the kernel's: it ends with its holder, however that ended.
    """
    path.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (path / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyTaken(f"Purser already runs in {path}. Stop it first, or set VAR_DIR.") from None
        yield


def require_free(ports: Sequence[tuple[str, int]]) -> None:
    """Raise AlreadyTaken for the first of the named ``ports`` that somebody listens on."""
    for name, port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise AlreadyTaken(f"Port {port} is in use. Set {name} to a free one.") from None
