"""Where the embedded servers listen: Unix sockets, found from the state directory alone."""

import tempfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

# The kernel takes 107 bytes on Linux and 103 on macOS; a longer path would fail at the first connection.
LONGEST_SOCKET_PATH = 100
POSTGRES_SOCKET = ".s.PGSQL.5432"
REDIS_SOCKET = "redis.sock"


def postgres_url(var_dir: Path) -> str:
    """Return the URL of the embedded PostgreSQL of ``var_dir``, readable by libpq and by Django."""
    return f"postgresql://purser@{quote(str(postgres_socket_dir(var_dir)), safe='')}/purser"


def redis_url(var_dir: Path) -> str:
    """Return the URL of the embedded Redis of ``var_dir``."""
    return f"unix://{quote(str(redis_socket_dir(var_dir) / REDIS_SOCKET))}"


def celery_url(redis_url: str) -> str:
    """Return the URL by which Celery knows the same Redis: it has its own word for a Unix socket."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")


def postgres_socket_dir(var_dir: Path) -> Path:
    """Return the directory that holds PostgreSQL's socket."""
    return _short_enough(var_dir / "postgres" / "socket", POSTGRES_SOCKET)


def redis_socket_dir(var_dir: Path) -> Path:
    """Return the directory that holds Redis' socket."""
    return _short_enough(var_dir / "redis" / "socket", REDIS_SOCKET)


def _short_enough(directory: Path, socket: str) -> Path:
    if len(bytes(directory / socket)) <= LONGEST_SOCKET_PATH:
        return directory
    name = sha256(bytes(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"purser-{name}"
