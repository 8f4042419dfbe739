"""Whom the embedded servers run as, and the directories and programs that are theirs."""

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from portal.processes.child import Account, ChildFailed

SERVANT = "nobody"


def servant() -> Account | None:
    """Return whom the servers run as when we are root, because PostgreSQL refuses root; else None."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(SERVANT)
    return Account(entry.pw_uid, entry.pw_gid)


def run_as_servant(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a short ``command`` as the servers run, and return what came of it."""
    account = servant()
    return subprocess.run(  # noqa: S603 - a command line of ours, never of a visitor
        command,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def program(package: str, path: str) -> str:
    """Return the program at ``path`` in an installed ``package``, which need not be imported for it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ChildFailed(f"{package} is missing: install the extra 'embedded', or name a server by its URL.")
    found = Path(spec.submodule_search_locations[0]) / path
    _require_reach(found)
    return str(found)


def make_private(directory: Path) -> None:
    """Make ``directory`` the server's own and closed to others; refuse one that a stranger made."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    account = servant()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account and account.uid}:
        raise ChildFailed(f"{directory} belongs to somebody else.")
    if account:
        os.chown(directory, *account)
    directory.chmod(0o700)
    _require_reach(directory)


def _require_reach(path: Path) -> None:
    if run_as_servant(["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]).returncode != 0:
        raise ChildFailed(
            f"The database servers may not use {path}. Started by root, they run as '{SERVANT}': move the "
            "checkout and VAR_DIR to where everybody may pass, such as /srv, or run as an ordinary user."
        )
