"""The secrets of a machine that was given none: made on first use, kept in one private file."""

import os
import secrets
import tempfile
from base64 import b64encode
from pathlib import Path

FILE_NAME = "secrets.env"


def load(var_dir: Path) -> dict[str, str]:
    """Return the secrets of ``var_dir``, made on the first call.

    Of several processes that start at once, one makes them and all return the same.
    """
    path = var_dir / FILE_NAME
    if not path.exists():
        _create(path)
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600 from the start
    try:
        with os.fdopen(handle, "w") as file:
            file.write(_fresh())
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, path)
    finally:
        os.unlink(draft)


def _publish(draft: str, path: Path) -> None:
    try:
        os.link(draft, path)  # whole or not at all, and never over another process's file
    except FileExistsError:
        return


def _fresh() -> str:
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "KEY_PEPPERS": f"1:{_key()}",
        "SEALING_KEYS": f"1:{_key()}",
    }
    return "".join(f"{name}={value}\n" for name, value in made.items())


def _key() -> str:
    return b64encode(secrets.token_bytes(32)).decode()
